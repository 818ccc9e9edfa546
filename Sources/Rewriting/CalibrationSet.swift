import Files
import ModelGraph
import Tensors

/// Token sequences that stand for the data a model will meet, and which of them are kept back for choosing.
package struct CalibrationSet: Sendable {
    /// Sequences that fits may learn from.
    package let fit: [ModelInput]
    /// Sequences that only judge: strengths of fits, allocation of budgets, whether a refit is kept.
    package let heldOut: [ModelInput]
    /// SHA-256 over all token ids in order; ties documents to the data they came from.
    package let digest: Digest

    /// Every one in `every` sequences is kept back.
    static let every = 10
    /// Fewer sequences than this cannot be split.
    package static let least = 20

    /// Splits sequences; those without a visible token are left out.
    ///
    /// The order matters: the split and all sums follow it. Shuffle first when the data is sorted by subject.
    package init(_ sequences: [ModelInput]) throws(AnalysisError) {
        let usable = sequences.filter { $0.visibleCount > 0 }
        guard usable.count >= Self.least else { throw .calibration(found: usable.count, needed: Self.least) }
        fit = usable.enumerated().filter { $0.offset % Self.every != 0 }.map(\.element)
        heldOut = usable.enumerated().filter { $0.offset % Self.every == 0 }.map(\.element)
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

    /// Visible tokens of both parts.
    package var tokenCount: Int { (fit + heldOut).reduce(0) { $0 + $1.visibleCount } }

    /// An even sample of the fitting part with about `tokens` visible tokens: every n-th sequence.
    package func sample(tokens: Int) -> [ModelInput] {
        let all = fit.reduce(0) { $0 + $1.visibleCount }
        let step = max(1, (all + tokens - 1) / max(tokens, 1))
        return stride(from: 0, to: fit.count, by: step).map { fit[$0] }
    }
}
