import ModelGraph
import Statistics

extension VerificationReport {
    /// Texts that must all agree for a demand on a share of texts to be shown; `nil` where none suffice, or where the
    /// demand is no lower bound.
    package static func textsShowing(_ condition: MetricCondition) -> Int? {
        guard condition.comparison == .greaterOrEqual, condition.limit < 1 else { return nil }
        return Interval.itemsShowing(share: condition.limit)
    }

    /// What a model was judged on.
    package struct Data: Sendable, Hashable, Codable {
        /// Where the texts that judge come from.
        package enum Origin: String, Sendable, Hashable, Codable {
            /// A part of the calibration data that nothing else has used.
            case keptBack = "kept_back"
            /// Texts that have chosen the plan and its repair: nothing else was left.
            case choosing
            /// Data that were given for judging.
            case given
        }

        /// What the rest of the calibration data was used for.
        package struct Calibration: Sendable, Hashable, Codable {
            /// Texts that fits learned from, and their tokens.
            package let fittingTexts: Int
            package let fittingTokens: Int
            /// Texts that chose strengths, plans and refits.
            package let choosingTexts: Int

            package init(fittingTexts: Int, fittingTokens: Int, choosingTexts: Int) {
                self.fittingTexts = fittingTexts
                self.fittingTokens = fittingTokens
                self.choosingTexts = choosingTexts
            }
        }

        package let texts: Int
        /// Tokens that the models saw.
        package let tokens: Int
        package let origin: Origin
        /// Of a conversion; `nil` for a comparison of models that were there.
        package var calibration: Calibration?

        package init(_ sequences: [ModelInput], origin: Origin = .given, calibration: Calibration? = nil) {
            texts = sequences.count
            tokens = sequences.reduce(0) { $0 + $1.visibleCount }
            self.origin = origin
            self.calibration = calibration
        }

        /// The texts in words: `41 texts kept back`, `400 texts`.
        package var description: String {
            let count = texts == 1 ? "1 text" : "\(texts) texts"
            return switch origin {
            case .keptBack: count + " kept back"
            case .choosing: count + " that chose"
            case .given: count
            }
        }
    }
}
