import ModelGraph

/// Rows along an axis whose ids have a mask: of each member first those that the mask shows, then the others, which
/// only query.
struct MaskedRows: Sendable {
    /// By member: rows that are keys.
    private(set) var keys: [Int] = []
    /// Position in the sequence as it was given, per row.
    private(set) var positions: [Int32] = []
    /// Key that stands where the row stands, or the last one before it, per row.
    private(set) var keyPositions: [Int32] = []

    /// The rows of all such axes of a schedule, by axis.
    static func byAxis(
        _ sequences: ArraySlice<ModelInput>, _ schedule: Schedule, continuing: ContinuedRows?
    ) -> [Int: MaskedRows] {
        var result: [Int: MaskedRows] = [:]
        for (member, sequence) in sequences.enumerated() {
            for input in schedule.inputs where input.layout.mask != nil {
                result[input.axis, default: MaskedRows()].append(
                    sequence.arrays[input.name], after: continuing?.past(of: member, axis: input.axis) ?? 0)
            }
        }
        return result
    }

    /// Adds the rows of one more member.
    ///
    /// - Parameter past: Rows that stand in caches before them.
    private mutating func append(_ array: InputArray?, after past: Int) {
        let order = array?.rowOrder ?? []
        let shown = array.map { $0.mask.isEmpty ? $0.rows : $0.mask.count(where: { $0 }) } ?? 0
        keys.append(past + shown)
        positions += order.map { Int32(past + $0) }
        let visible = order.prefix(shown)
        keyPositions += (0..<shown).map { Int32(past + $0) }
        keyPositions += order.dropFirst(shown).map { position in Int32(past + visible.count { $0 < position }) - 1 }
    }
}

extension InputArray {
    /// Numbers of the rows, those that the mask shows first.
    var rowOrder: [Int] {
        guard !mask.isEmpty else { return Array(0..<rows) }
        return (0..<rows).filter { mask[$0] } + (0..<rows).filter { !mask[$0] }
    }
}
