import ModelGraph

/// What healing did to a model, step by step.
package struct HealingSummary: Sendable, Hashable, Codable {
    /// How a model is repaired.
    package enum Method: String, Sendable, Hashable, Codable, CaseIterable {
        case none, closed
    }

    /// Why a refit was kept or not.
    package enum Verdict: String, Sendable, Hashable, Codable {
        case kept
        /// No strength lowered the error of the layer on the held-out rows.
        case noGain = "no_gain"
        /// The layer's error fell, the error at the model's output did not.
        case worseOutput = "worse_output"
        /// The weights grew out of proportion.
        case grown
    }

    /// One refit.
    package struct Step: Sendable, Hashable, Codable {
        /// The attention or linear node.
        package var node: String
        /// Whether the refit was kept.
        package var verdict: Verdict
        /// Strength λ of the pull towards the old weights.
        package var strength: Double?
        /// Unexplained share of the layer's error on held-out rows that is left after the refit, 0…1.
        package var remaining: Double?
        /// Norm of the new weights over the norm of the old ones.
        package var growth: Double?
        /// Damage at the model's output without the refit, where it was measured.
        package var damageBefore: Double?
        /// Damage at the model's output with the refit, where it was measured.
        package var damageAfter: Double?

        package init(
            node: String, verdict: Verdict, strength: Double? = nil, remaining: Double? = nil, growth: Double? = nil,
            damageBefore: Double? = nil, damageAfter: Double? = nil
        ) {
            self.node = node
            self.verdict = verdict
            self.strength = strength
            self.remaining = remaining
            self.growth = growth
            self.damageBefore = damageBefore
            self.damageAfter = damageAfter
        }
    }

    /// Version of the document.
    package static let currentVersion = 1

    /// Version of the document.
    package var version: Int
    /// How the model was repaired.
    package var method: Method
    /// Refits in execution order.
    package var steps: [Step]
    /// Difference at the model's output before healing, on the texts kept back.
    package var before: OutputDifference
    /// Difference at the model's output after healing.
    package var after: OutputDifference

    package init(method: Method, steps: [Step], before: OutputDifference, after: OutputDifference) {
        version = Self.currentVersion
        self.method = method
        self.steps = steps
        self.before = before
        self.after = after
    }
}
