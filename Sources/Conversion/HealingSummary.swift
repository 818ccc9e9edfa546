import Analysis
import ModelGraph

/// What healing did to a model, step by step.
public struct HealingSummary: Sendable, Hashable, Codable {
    /// How a model is repaired.
    public enum Method: String, Sendable, Hashable, Codable, CaseIterable {
        case none, closed
    }

    /// Why a refit was kept or not.
    public enum Verdict: String, Sendable, Hashable, Codable {
        case kept
        /// No strength lowered the error of the layer on the held-out rows.
        case noGain = "no_gain"
        /// The layer's error fell, the error at the model's output did not.
        case worseOutput = "worse_output"
        /// The weights grew out of proportion.
        case grown
    }

    /// One refit.
    public struct Step: Sendable, Hashable, Codable {
        /// The attention or linear node.
        public var node: String
        /// Whether the refit was kept.
        public var verdict: Verdict
        /// Strength λ of the pull towards the old weights.
        public var strength: Double?
        /// Unexplained share of the layer's error on held-out rows that is left after the refit, 0…1.
        public var remaining: Double?
        /// Norm of the new weights over the norm of the old ones.
        public var growth: Double?
        /// Damage at the model's output without the refit, where it was measured.
        public var damageBefore: Double?
        /// Damage at the model's output with the refit, where it was measured.
        public var damageAfter: Double?

        public init(
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
    public static let currentVersion = 1

    /// Version of the document.
    public var version: Int
    /// How the model was repaired.
    public var method: Method
    /// Refits in execution order.
    public var steps: [Step]
    /// Difference at the model's output before healing, on the texts kept back.
    public var before: OutputDifference
    /// Difference at the model's output after healing.
    public var after: OutputDifference

    public init(method: Method, steps: [Step], before: OutputDifference, after: OutputDifference) {
        version = Self.currentVersion
        self.method = method
        self.steps = steps
        self.before = before
        self.after = after
    }
}
