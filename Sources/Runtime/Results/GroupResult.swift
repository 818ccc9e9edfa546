import ModelGraph

/// What a group of sequences left behind. Valid only inside the call that hands it out.
package struct GroupResult {
    let execution: GroupExecution

    /// A sequence of the group and its rows.
    ///
    /// Rows `0..<visible` are the visible tokens in order; further rows are masked positions that were computed all
    /// the same.
    package struct Sequence: Sendable, Hashable {
        /// Index in the batch.
        package let index: Int
        /// Number among the group's sequences.
        package let number: Int
        /// The sequence's rows among the group's.
        package let rows: Range<Int>
        /// Visible tokens.
        package let visible: Int
    }

    /// Sequences in batch order.
    package var sequences: [Sequence] {
        execution.group.members.indices.map { sequence($0, axis: execution.schedule.primaryAxis) }
    }

    func sequence(_ number: Int, axis: Int) -> Sequence {
        let group = execution.group
        return Sequence(
            index: group.members[number].index, number: number, rows: group.axes[axis].rows(of: number),
            visible: group.keys(of: number, axis: axis))
    }

    /// A sequence and its rows of an observed value, where those are not the rows of the hidden states.
    package func sequence(_ sequence: Sequence, alongRowsOf value: String) -> Sequence {
        guard let register = execution.schedule.values[value] else { return sequence }
        return self.sequence(sequence.number, axis: execution.schedule.axis(of: register))
    }

    /// Position in its sequence, as it was given, of each row of the text tokens.
    package var positions: [Int32] { execution.group.tokens.positions }

    /// Position in its sequence, as it was given, of each of a sequence's rows.
    package func positions(of sequence: Sequence) -> [Int32] {
        positions(of: sequence.number, axis: execution.schedule.primaryAxis)
    }

    /// Position in its sequence, as it was given, of each row of an observed value.
    package func positions(of sequence: Sequence, alongRowsOf value: String) -> [Int32] {
        guard let register = execution.schedule.values[value] else { return [] }
        return positions(of: sequence.number, axis: execution.schedule.axis(of: register))
    }

    /// Positions of a map's queries and keys in their sequence, as they were given.
    package func positions(ofMap head: HeadID, _ sequence: Sequence) -> (queries: [Int32], keys: [Int32])? {
        guard let register = execution.schedule.maps[head],
            case .maps(let space) = execution.schedule.slots[register.index].region
        else { return nil }
        let axes = execution.schedule.mapSpaces[space]
        return (
            positions(of: sequence.number, axis: axes.queryAxis), positions(of: sequence.number, axis: axes.keyAxis)
        )
    }

    private func positions(of number: Int, axis: Int) -> [Int32] {
        let group = execution.group
        let keys = group.keys(of: number, axis: axis)
        guard let positions = group.positions(axis: axis) else { return (0..<Int32(keys)).map { $0 } }
        // A masked first token of a text has a row only for its pooling; other hidden rows are as good as any.
        guard axis == Schedule.tokenAxis else { return Array(positions[group.axes[axis].rows(of: number)]) }
        return Array(positions[group.axes[axis].rows(of: number)].prefix(keys))
    }

    /// An observed value: `[rows of the group, width]`, or `[sequences, width]` for a pooled one.
    package func value(_ name: String) -> MatrixView? {
        guard let register = execution.schedule.values[name] else { return nil }
        let slot = execution.schedule.slots[register.index]
        let rows = execution.group.axes[execution.schedule.axis(of: register)].count
        return MatrixView(
            base: UnsafePointer(execution.workspace.base(slot, worker: 0, blockRows: 0)), rows: rows,
            columns: slot.width,
            stride: slot.stride)
    }

    /// An observed map of one sequence: `[rows of the sequence, visible tokens]`; `nil` for a dropped head.
    package func map(_ head: HeadID, of sequence: Sequence) -> MatrixView? {
        guard let register = execution.schedule.maps[head] else { return nil }
        let slot = execution.schedule.slots[register.index]
        guard case .maps(let number) = slot.region else { return nil }
        let group = execution.group, space = execution.schedule.mapSpaces[number]
        return MatrixView(
            base: UnsafePointer(execution.workspace.base(slot, worker: 0, blockRows: 0))
                + group.maps[number].offsets[sequence.number],
            rows: group.axes[space.queryAxis].rows(of: sequence.number).count,
            columns: group.keys(of: sequence.number, axis: space.keyAxis),
            stride: group.mapStride(sequence.number, keyAxis: space.keyAxis))
    }

    /// An observed context of one head: `[rows of the group, value size]`; `nil` for a dropped head.
    package func context(_ head: HeadID) -> MatrixView? {
        guard let layout = execution.schedule.contexts[head.node], let column = layout.heads.firstIndex(of: head.head)
        else {
            return nil
        }
        let slot = execution.schedule.slots[layout.register.index]
        return MatrixView(
            base: UnsafePointer(execution.workspace.base(slot, worker: 0, blockRows: 0)) + column
                * layout.paddedValueSize,
            rows: execution.group.axes[execution.schedule.axis(of: layout.register)].count, columns: layout.valueSize,
            stride: slot.stride)
    }
}
