import Costs
import ModelGraph
import Rewriting

/// What each precision would make of a model, side by side.
package struct PrecisionSurvey: Sendable, Hashable, Codable {
    /// One precision.
    package struct Row: Sendable, Hashable, Codable {
        /// `f32`, `bf16`, `int8`, `auto`, `int8 weights`, `int4 weights`.
        package var precision: String
        /// Inputs that share a scale, of weights alone; `nil`: all.
        package var group: Int?
        /// Bytes of the parameters before compression.
        package var bytes: Int
        /// Bits of storage for each number, scales included.
        package var bits: Double
        /// Groups of matrices that changed, of as many as there are.
        package var changed: Int
        package var groups: Int
        /// How far the outputs are from the source's on texts kept back.
        package var difference: OutputDifference?
        /// How many times as fast as the source it ran here; `nil`: not measured.
        package var speed: Double?

        package init(precision: String, of model: Model, _ summary: QuantizationSummary?) {
            self.precision = precision
            let cost = model.graph.cost(tokens: 1)
            bytes = cost.parameterBytes
            bits = Double(8 * bytes) / Double(max(cost.parameters, 1))
            changed = summary?.steps.count { $0.kind != nil } ?? 0
            groups = summary?.steps.count ?? 0
            difference = summary?.after
        }
    }

    /// Says what the document is.
    package static let formatName = "reuseformer-precisions"
    /// Version of the document.
    package static let currentVersion = 1

    /// Says what the document is.
    package var format = Self.formatName
    /// Version of the document.
    package var version = Self.currentVersion
    /// Shape at which speeds were measured; `nil`: they were not.
    package var shape: String?
    /// The source first.
    package var rows: [Row]

    package init(rows: [Row]) { self.rows = rows }
}
