import Images
import ModelGraph
import NumPy

/// One item of a user's data: what the model reads, and what it should say.
package struct InputItem: Sendable, Hashable {
    /// What the model reads.
    package var sequence: ModelInput
    /// Of a pair of source and target: the ids that the rows of the target should predict, end included; empty for a
    /// source without a target, and for everything else.
    package var targetIDs: [Int32]

    package init(_ sequence: ModelInput, targetIDs: [Int32] = []) {
        self.sequence = sequence
        self.targetIDs = targetIDs
    }
}
