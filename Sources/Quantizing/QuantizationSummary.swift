import ModelGraph
import Rewriting

/// What quantising did to a model, matrix by matrix.
package struct QuantizationSummary: Sendable, Hashable, Codable {
    /// What was done to the matrices of one stream, or to one table.
    package struct Step: Sendable, Hashable, Codable {
        /// The node, and which of its products.
        package var name: String
        /// What the matrices are now; `nil`: they stay in 32 bits.
        package var kind: Precision.Kind?
        /// Why they stay in 32 bits, or were only rounded to nearest.
        package var reason: String?
        /// How far the factors even out the inputs' columns, 0…1; `nil`: there are none.
        package var smoothing: Double?
        /// Strength λ of the pull towards the old weights in the refit; `nil`: none was kept.
        package var strength: Double?
        /// Squared error of the products on rows kept back, as a share of their energy; `nil`: not measured.
        package var error: Double?
        /// The same for plain rounding.
        package var plainError: Double?
        /// Damage at the model's output of this step alone, where it was measured.
        package var damage: Double?

        package init(name: String, kind: Precision.Kind? = nil, reason: String? = nil) {
            self.name = name
            self.kind = kind
            self.reason = reason
        }
    }

    /// Version of the document.
    package static let currentVersion = 1

    /// Version of the document.
    package var version: Int
    /// What was asked for: `int8`, `auto`, `int4 weights` …
    package var wanted: String
    /// Steps in execution order.
    package var steps: [Step]
    /// Difference at the model's output that quantising made, on the texts kept back; `nil`: not measured.
    package var after: OutputDifference?

    package init(wanted: String, steps: [Step], after: OutputDifference? = nil) {
        version = Self.currentVersion
        self.wanted = wanted
        self.steps = steps
        self.after = after
    }
}
