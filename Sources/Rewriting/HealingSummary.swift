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

    /// What became of all refits together.
    package enum Outcome: String, Sendable, Hashable, Codable {
        /// Those that were worth keeping were kept.
        case kept
        /// With all of them the model was worse at its use than without any; those up to the best state stayed.
        case partlyKept = "partly_kept"
        /// The same, and no state was better than the unhealed model: none stayed.
        case takenBack = "taken_back"
    }

    /// Texts of the calibration data, and what they were used for.
    package struct Texts: Sendable, Hashable, Codable {
        /// Fits learned from them.
        package var fitting: Int
        package var fittingTokens: Int
        /// Strengths, and whether refits stay, were chosen by them.
        package var choosing: Int
        /// Kept back to judge the result; 0 where other data judge.
        package var judging: Int

        package init(_ calibration: CalibrationSet) {
            fitting = calibration.fit.count
            fittingTokens = calibration.fittingTokens
            choosing = calibration.choosing.count
            judging = calibration.isJudgingGiven ? 0 : calibration.judging.count
        }
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
    /// What became of the refits; `nil` where none were made.
    package var outcome: Outcome?
    /// What the calibration data were used for; `nil` in files of earlier releases.
    package var texts: Texts?
    /// How embeddings were made that judged, where the user said it; `nil`: as the model's files say.
    package var pooling: Pooling?

    package init(
        method: Method, steps: [Step], before: OutputDifference, after: OutputDifference, outcome: Outcome? = nil,
        texts: Texts? = nil, pooling: Pooling? = nil
    ) {
        self.outcome = outcome
        self.texts = texts
        self.pooling = pooling
        version = Self.currentVersion
        self.method = method
        self.steps = steps
        self.before = before
        self.after = after
    }
}
