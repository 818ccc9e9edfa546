import ModelGraph

/// Where each sequence's rows lie along one axis.
struct AxisRows: Sendable {
    /// First row of each member, and the number of all rows.
    let starts: [Int]

    /// - Parameter lengths: Rows of each member.
    init(lengths: [Int]) {
        starts = lengths.reduce(into: [0]) { starts, length in starts.append(starts[starts.count - 1] + length) }
    }

    /// Number of rows.
    var count: Int { starts[starts.count - 1] }

    /// Rows of a member.
    func rows(of member: Int) -> Range<Int> { starts[member]..<starts[member + 1] }

    /// Member that a row belongs to.
    func member(of row: Int) -> Int {
        var low = 0, high = starts.count - 2
        while low < high {
            let middle = (low + high + 1) / 2
            if starts[middle] <= row { low = middle } else { high = middle - 1 }
        }
        return low
    }

    /// The rows of all axes of a schedule.
    static func all(
        _ sequences: ArraySlice<ModelInput>, _ schedule: Schedule, tokens: TokenRows, continuing: ContinuedRows?
    ) -> [AxisRows] {
        let lengths = zip(sequences, tokens.members).map { sequence, member in
            var lengths = schedule.lengths(of: sequence)
            if schedule.readsText { lengths["tokens"] = member.queries }
            return lengths
        }
        return schedule.axes.indices.map { axis in
            // Where sequences go on, nothing but the axis that grows and its last rows has rows.
            let isLeftOut = continuing.map { $0.axis != axis && axis != Schedule.sequenceAxis } ?? false
            return AxisRows(lengths: lengths.map { isLeftOut ? 0 : schedule.axes[axis].length($0) ?? 0 })
        }
    }
}

extension Schedule {
    /// Rows of each named axis of a sequence.
    func lengths(of sequence: ModelInput) -> [String: Int] {
        var lengths: [String: Int] = [:]
        if readsText { lengths["tokens"] = sequence.ids.count }
        for input in inputs {
            guard let array = sequence.arrays[input.name] else { continue }
            switch input.layout.rows {
            case .tokens: lengths["tokens"] = lengths["tokens"] ?? array.rows
            case .axis(let axis): lengths[axis.name] = lengths[axis.name] ?? array.rows
            case .count, .sequences: break
            }
        }
        return lengths
    }
}
