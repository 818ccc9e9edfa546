import ModelGraph

/// How an encoder–decoder takes its target.
package struct TargetText: Sendable, Hashable {
    /// Name of the input.
    package let input: String
    /// The id that every target starts with.
    package let startID: Int32
    /// Ids that follow it before anything is written.
    package let forcedStart: [Int32]
    /// Ids that end a target.
    package let endIDs: Set<Int32>

    package init(input: String, startID: Int32, forcedStart: [Int32] = [], endIDs: Set<Int32>) {
        self.input = input
        self.startID = startID
        self.forcedStart = forcedStart
        self.endIDs = endIDs
    }

    /// What a target that has not begun looks like.
    package var beginning: InputArray { InputArray(ids: [startID] + forcedStart) }

    /// The ids that the decoder reads when it should predict `targetIDs`.
    package func reading(_ targetIDs: [Int32]) -> InputArray {
        InputArray(ids: [startID] + forcedStart + targetIDs.dropLast())
    }
}
