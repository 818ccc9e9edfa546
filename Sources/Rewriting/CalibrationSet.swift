import Files
import ModelGraph
import Tensors

/// Token sequences that stand for the data a model will meet, in three parts that have no text in common: what fits
/// learn from, what chooses, and what judges.
package struct CalibrationSet: Sendable {
    /// Where the texts come from that judge.
    package enum Judging: Sendable {
        /// Every tenth of the sequences.
        case keptBack
        /// Data of their own; all sequences fit or choose.
        case given([ModelInput])

        /// Whether a part of the sequences is kept back.
        package var isKeptBack: Bool { if case .keptBack = self { true } else { false } }
    }

    /// Sequences that fits may learn from: eight of ten, or nine where the judging ones were given.
    package let fit: [ModelInput]
    /// Sequences that choose: strengths of fits, allocation of budgets, whether a refit is kept. One of ten.
    package let choosing: [ModelInput]
    /// Sequences that tell how good the result is, and that nothing else has used: one of ten, or those that were
    /// given. May be empty where many texts of `fit` and `choosing` occur again.
    package let judging: [ModelInput]
    /// Whether `judging` was given.
    package let isJudgingGiven: Bool
    /// Sequences among those for judging that fits or choices have seen as well: left out of the part that is kept
    /// back, counted in one that was given.
    package let repeated: Int
    /// SHA-256 over all token ids in order, without those of a judging part that was given; ties documents to the data
    /// they came from.
    package let digest: Digest

    /// Parts that the sequences are dealt to in turn: the first one chooses, the sixth judges.
    static let parts = 10
    private static let judgingPart = 5
    /// Fewer sequences than this cannot be split.
    package static let least = 20

    /// Tokens to draw so that those that fit or choose have `tokens`, beside those that judge.
    package static func drawing(_ tokens: Int, keepingBack: Bool) -> Int {
        guard keepingBack else { return tokens }
        let (more, overflows) = tokens.addingReportingOverflow(tokens / (parts - 1))
        return overflows ? tokens : more
    }

    /// Splits sequences; those without a visible token are left out.
    ///
    /// The order matters: the split and all sums follow it. Shuffle first when the data is sorted by subject.
    package init(_ sequences: [ModelInput], judging: Judging = .keptBack) throws(AnalysisError) {
        let usable = sequences.filter { $0.visibleCount > 0 }
        guard usable.count >= Self.least else { throw .calibration(found: usable.count, needed: Self.least) }
        func part(_ isWanted: (Int) -> Bool) -> [ModelInput] {
            usable.enumerated().filter { isWanted($0.offset % Self.parts) }.map(\.element)
        }
        choosing = part { $0 == 0 }
        fit = part { $0 != 0 && !(judging.isKeptBack && $0 == Self.judgingPart) }
        let seen = Set(fit).union(choosing)
        switch judging {
        case .keptBack:
            let kept = part { $0 == Self.judgingPart }
            self.judging = kept.filter { !seen.contains($0) }
            repeated = kept.count - self.judging.count
            isJudgingGiven = false
        case .given(let given):
            let visible = given.filter { $0.visibleCount > 0 }
            self.judging = visible
            repeated = visible.count { seen.contains($0) }
            isJudgingGiven = true
        }
        var hasher = SHA256()
        for sequence in usable {
            // A length before each sequence keeps the cuts between them in the digest.
            for number in [Int32(truncatingIfNeeded: sequence.ids.count)] + sequence.ids {
                withUnsafeBytes(of: number.littleEndian) { hasher.update($0) }
            }
            for (_, array) in sequence.arrays.sorted(by: { $0.key < $1.key }) {
                array.ids.withUnsafeBytes { hasher.update($0) }
                array.numbers.withUnsafeBytes { hasher.update($0) }
            }
        }
        digest = hasher.finalize()
    }

    /// Sequences that fit or choose: what an analysis and a conversion have seen.
    package var seenCount: Int { fit.count + choosing.count }

    /// Visible tokens of the sequences that fit or choose.
    package var tokenCount: Int { (fit + choosing).reduce(0) { $0 + $1.visibleCount } }

    /// Visible tokens of the sequences that fit.
    package var fittingTokens: Int { fit.reduce(0) { $0 + $1.visibleCount } }

    /// An even sample of the fitting part with about `tokens` visible tokens: every n-th sequence.
    package func sample(tokens: Int) -> [ModelInput] {
        let all = fit.reduce(0) { $0 + $1.visibleCount }
        let step = max(1, (all + tokens - 1) / max(tokens, 1))
        return stride(from: 0, to: fit.count, by: step).map { fit[$0] }
    }
}
