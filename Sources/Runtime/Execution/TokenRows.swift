import ModelGraph

/// Rows along the tokens.
///
/// The rows of a sequence are its visible tokens in order, then rows that only query (a masked first position whose
/// hidden state is pooled).
struct TokenRows: Sendable {
    /// One sequence inside the group.
    struct Member: Sendable {
        /// Index in the batch.
        let index: Int
        /// Rows along the tokens; the first `keys` of them are visible to all.
        let queries: Int
        /// Keys that the rows look at, those of earlier runs included.
        let keys: Int
        /// Row of the first position within the sequence, or `nil` when it is not asked for.
        let first: Int?
    }

    private(set) var members: [Member] = []
    /// Token and type of each row; empty for models that read no text.
    private(set) var ids: [Int32] = []
    /// The id before each row's own, where a decoder reads the text shifted; empty otherwise.
    private(set) var idsBefore: [Int32] = []
    private(set) var types: [Int32] = []
    /// Row of the table of positions, per row.
    private(set) var tableRows: [Int32] = []
    /// Position in the sequence as it was given, per row.
    private(set) var positions: [Int32] = []
    /// Key that stands where the row stands, per row; `nil` when every row is a key.
    var keyPositions: [Int32]? { hasQueryOnlyRows ? rowKeys : nil }

    private var rowKeys: [Int32] = []
    private var hasQueryOnlyRows = false

    init(_ sequences: ArraySlice<ModelInput>, _ schedule: Schedule, continuing: ContinuedRows?) {
        for index in sequences.indices {
            let past = continuing?.past(of: index - sequences.startIndex, axis: Schedule.tokenAxis) ?? 0
            if schedule.readsText {
                append(sequences[index], index, schedule, past: past)
            } else {
                let count = schedule.lengths(of: sequences[index])["tokens"] ?? 0
                members.append(Member(index: index, queries: count, keys: count, first: count > 0 ? 0 : nil))
                positions += 0..<Int32(count)
            }
        }
    }

    private mutating func append(_ sequence: ModelInput, _ index: Int, _ schedule: Schedule, past: Int) {
        let numbers = schedule.embedding.flatMap { embedding in
            embedding.positions.map { sequence.numbering($0, paddingID: embedding.paddingID, after: past) }
        }
        let isVisible = { (position: Int) in sequence.mask.isEmpty || sequence.mask[position] }
        var rows = sequence.ids.indices.filter(isVisible)
        let keys = rows.count + past
        var first: Int? = nil
        if schedule.needsFirst, !sequence.ids.isEmpty {
            first = isVisible(0) ? 0 : keys
            if !isVisible(0) {
                rows.append(0)
                hasQueryOnlyRows = true
            }
        }
        members.append(Member(index: index, queries: rows.count, keys: keys, first: first))
        for (row, position) in rows.enumerated() {
            ids.append(sequence.ids[position])
            if let start = schedule.shiftedFrom {
                idsBefore.append(position > 0 ? sequence.ids[position - 1] : start)
            }
            types.append(sequence.types.isEmpty ? 0 : sequence.types[position])
            tableRows.append(numbers?[position] ?? Int32(past + position))
            positions.append(Int32(past + position))
            // A row that only queries is a masked first position: the key beside it is the first visible one.
            rowKeys.append(row < keys ? Int32(row) : 0)
        }
    }
}

extension ModelInput {
    /// Row of the table of positions for every position of the sequence.
    ///
    /// - Parameter past: Positions before the first, none of them hidden.
    func numbering(_ table: Embedding.Positions, paddingID: Int?, after past: Int = 0) -> [Int32] {
        let offset = Int32(table.offset + past)
        switch table.numbering {
        case .sequential:
            return ids.indices.map { offset + Int32($0) }
        case .skippingPadding:
            let padding = Int32(paddingID ?? -1)
            return running { ids[$0] != padding }.map { offset - 1 + $0 }
        case .visible:
            return running { mask.isEmpty || mask[$0] }.map { offset - 1 + $0 }
        }
    }

    /// 1, 2, 3 … over the positions that count, 0 at the others.
    private func running(_ counts: (Int) -> Bool) -> [Int32] {
        var count: Int32 = 0
        return ids.indices.map { position in
            guard counts(position) else { return 0 }
            count += 1
            return count
        }
    }
}
