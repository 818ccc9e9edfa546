import ModelGraph

/// What a group of sequences left behind. Valid only inside the call that hands it out.
public struct GroupResult {
    let execution: GroupExecution

    /// A sequence of the group and its rows.
    ///
    /// Rows `0..<visible` are the visible tokens in order; further rows are masked positions that were computed all
    /// the same.
    public struct Sequence: Sendable, Hashable {
        /// Index in the batch.
        public let index: Int
        /// Number among the group's sequences.
        public let number: Int
        /// The sequence's rows among the group's.
        public let rows: Range<Int>
        /// Visible tokens.
        public let visible: Int
    }

    /// Sequences in batch order.
    public var sequences: [Sequence] {
        execution.group.members.enumerated().map { number, member in
            Sequence(
                index: member.index, number: number, rows: member.start..<member.start + member.queries,
                visible: member.keys)
        }
    }

    /// Rows of the group.
    public var rowCount: Int { execution.group.rowCount }

    /// Position in its sequence, as it was given, of each row.
    public var places: [Int32] { execution.group.places }

    /// An observed value: `[rows of the group, width]`, or `[sequences, width]` for a pooled one.
    public func value(_ name: String) -> MatrixView? {
        guard let register = execution.schedule.values[name] else { return nil }
        let slot = execution.schedule.slots[register.index]
        let rows = slot.region == .sequences ? execution.group.members.count : execution.group.rowCount
        return MatrixView(
            base: UnsafePointer(execution.workspace.base(slot, worker: 0, blockRows: 0)), rows: rows,
            columns: slot.width,
            stride: slot.stride)
    }

    /// An observed map of one sequence: `[rows of the sequence, visible tokens]`; `nil` for a dropped head.
    public func map(_ head: HeadID, of sequence: Sequence) -> MatrixView? {
        guard let register = execution.schedule.maps[head] else { return nil }
        let slot = execution.schedule.slots[register.index]
        let member = execution.group.members[sequence.number]
        return MatrixView(
            base: UnsafePointer(execution.workspace.base(slot, worker: 0, blockRows: 0)) + member.mapOffset,
            rows: member.queries, columns: member.keys, stride: member.mapStride)
    }

    /// An observed context of one head: `[rows of the group, value size]`; `nil` for a dropped head.
    public func context(_ head: HeadID) -> MatrixView? {
        guard let layout = execution.schedule.contexts[head.node], let column = layout.heads.firstIndex(of: head.head)
        else {
            return nil
        }
        let slot = execution.schedule.slots[layout.register.index]
        return MatrixView(
            base: UnsafePointer(execution.workspace.base(slot, worker: 0, blockRows: 0)) + column
                * layout.paddedValueSize,
            rows: execution.group.rowCount, columns: layout.valueSize, stride: slot.stride)
    }
}
