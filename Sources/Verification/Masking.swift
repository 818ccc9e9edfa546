import ModelGraph
import Platform
import Statistics
import Tensors

/// Hides tokens from a masked language model, always the same ones.
package struct Masking: Sendable, Hashable {
    /// One token in so many is hidden: BERT's 15 %, rounded.
    private static let interval = 7

    /// The id that stands for a hidden token.
    package let maskID: Int32
    /// Ids that are never hidden: separators, padding.
    package let specialIDs: Set<Int32>

    package init(maskID: Int32, specialIDs: Set<Int32>) {
        self.maskID = maskID
        self.specialIDs = specialIDs
    }

    /// A text with hidden tokens.
    package struct Masked {
        package let sequence: ModelInput
        /// Row among the visible tokens, and the id that stood there.
        package let targets: [(row: Int, id: Int32)]
    }

    /// - Parameter index: Number of the text in the data; seeds the choice.
    package func mask(_ sequence: ModelInput, index: Int) -> Masked {
        var random = SplitMix(seed: UInt64(truncatingIfNeeded: index))
        var result = sequence
        var targets: [(row: Int, id: Int32)] = []
        var row = 0
        for position in sequence.ids.indices where sequence.mask.isEmpty || sequence.mask[position] {
            let id = sequence.ids[position]
            if !specialIDs.contains(id), random.next(below: Self.interval) == 0 {
                targets.append((row, id))
                result.ids[position] = maskID
            }
            row += 1
        }
        return Masked(sequence: result, targets: targets)
    }
}

extension RecordedOutputs {
    /// Adds the loss, in nats, of each hidden token.
    func addLosses(of targets: [(row: Int, id: Int32)], to mean: inout RunningMean) {
        guard logitRows == tokens, tokens > 0 else { return }
        let width = logits.count / tokens
        for target in targets where target.row < tokens && Int(target.id) < width {
            let row = logits[target.row * width..<(target.row + 1) * width]
            mean.add(-LogProbabilities(logits: row).values[Int(target.id)])
        }
    }

    /// Adds the loss, in nats, of the token that follows each row.
    func addLosses(ofFollowing ids: [Int32], to mean: inout RunningMean) {
        guard logitRows > 0 else { return }
        let width = logits.count / logitRows
        for (row, id) in ids.prefix(logitRows).enumerated() where (0..<width).contains(Int(id)) {
            mean.add(-LogProbabilities.value(of: Int(id), in: logits[row * width..<(row + 1) * width]))
        }
    }
}
