import ModelGraph

/// The ids of an input that the graph lays out, in the order of its rows.
struct InputRows: Sendable {
    /// One an element; empty for inputs of numbers, which are read row by row.
    let ids: [Int32]
    /// Row of the table of positions, per row; empty where no table numbers them.
    let tableRows: [Int32]

    init(_ input: LaidOutInput, _ sequences: ArraySlice<ModelInput>, continuing: ContinuedRows?) {
        ids =
            input.layout.content == .ids
            ? sequences.flatMap { $0.inRowOrder($0.ids(of: input), input) } : []
        tableRows =
            input.positions.map { table in
                sequences.enumerated().flatMap { member, sequence in
                    let numbered = ModelInput(
                        ids: sequence.ids(of: input), mask: sequence.arrays[input.name]?.mask ?? [])
                    let past = continuing?.past(of: member, axis: input.axis) ?? 0
                    return sequence.inRowOrder(
                        numbered.numbering(table, paddingID: input.paddingID, after: past), input)
                }
            } ?? []
    }
}

extension ModelInput {
    /// Elements of an input, one an id, in the order of its rows.
    fileprivate func inRowOrder(_ elements: [Int32], _ input: LaidOutInput) -> [Int32] {
        guard let array = arrays[input.name], !array.mask.isEmpty else { return elements }
        return array.rowOrder.map { elements[$0] }
    }

    /// Ids of an input that the graph lays out; the same id everywhere when they were not given.
    fileprivate func ids(of input: LaidOutInput) -> [Int32] {
        if let array = arrays[input.name] { return array.ids }
        guard let absent = input.layout.absent, case .count(let count) = input.layout.rows else { return [] }
        return [Int32](repeating: Int32(exactly: absent) ?? 0, count: count)
    }
}
