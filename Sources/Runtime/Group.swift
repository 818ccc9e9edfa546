import ModelGraph

/// Some sequences that go through all layers together: their rows stand one sequence after the other, no padding.
///
/// The rows of a sequence are its visible tokens in order, then rows that only query (a masked first position whose
/// hidden state is pooled).
struct Group: Sendable {
    /// One sequence inside the group.
    struct Member: Sendable {
        /// Index in the batch.
        let index: Int
        /// First row.
        let start: Int
        /// Rows; the first `keys` of them are visible to all.
        let queries: Int
        let keys: Int
        /// Where its maps start in a slot of kept maps, in floats; a map has `queries` rows of `mapStride` floats.
        let mapOffset: Int
        /// Row of the first position within the sequence, or `nil` when nobody asked for it.
        let first: Int?

        var mapStride: Int { KernelSet.padded(keys) }
    }

    let members: [Member]
    /// Number of rows.
    let rowCount: Int
    /// Floats of one slot of kept maps.
    let mapFloats: Int
    let ids: [Int32]
    let types: [Int32]
    /// Row of the table of positions, per row.
    let positions: [Int32]
    /// Position in the sequence as it was given, per row.
    let places: [Int32]
    /// Key that stands where the row stands, per row; `nil` when every row is a key.
    let keyPositions: [Int32]?

    /// Indices of a batch's sequences, cut into groups of at most `limit` tokens (a longer sequence stands alone).
    static func cut(_ sequences: [TokenSequence], limit: Int) -> [Range<Int>] {
        var groups: [Range<Int>] = []
        var start = 0
        var tokens = 0
        for (index, sequence) in sequences.enumerated() {
            if index > start, tokens + sequence.ids.count > limit {
                groups.append(start..<index)
                start = index
                tokens = 0
            }
            tokens += sequence.ids.count
        }
        if start < sequences.count { groups.append(start..<sequences.count) }
        return groups
    }

    init(_ sequences: [TokenSequence], range: Range<Int>, embedding: Embedding?, needsFirst: Bool) {
        var members: [Member] = []
        var ids: [Int32] = []
        var types: [Int32] = []
        var positions: [Int32] = []
        var places: [Int32] = []
        var keyPositions: [Int32] = []
        var mapFloats = 0
        var hasQueryOnlyRows = false
        for index in range {
            let sequence = sequences[index]
            let numbers = embedding?.positions.map { sequence.numbering($0, paddingID: embedding?.paddingID) }
            let isVisible = { (place: Int) in sequence.mask.isEmpty || sequence.mask[place] }
            var rows = sequence.ids.indices.filter(isVisible)
            let keys = rows.count
            var first: Int? = nil
            if needsFirst, !sequence.ids.isEmpty {
                first = isVisible(0) ? 0 : keys
                if !isVisible(0) {
                    rows.append(0)
                    hasQueryOnlyRows = true
                }
            }
            members.append(
                Member(
                    index: index, start: ids.count, queries: rows.count, keys: keys, mapOffset: mapFloats, first: first)
            )
            mapFloats += rows.count * KernelSet.padded(keys)
            for (row, place) in rows.enumerated() {
                ids.append(sequence.ids[place])
                types.append(sequence.types.isEmpty ? 0 : sequence.types[place])
                positions.append(numbers?[place] ?? Int32(place))
                places.append(Int32(place))
                // A row that only queries is a masked first position: the key beside it is the first visible one.
                keyPositions.append(row < keys ? Int32(row) : 0)
            }
        }
        self.members = members
        rowCount = ids.count
        self.mapFloats = mapFloats
        self.ids = ids
        self.types = types
        self.positions = positions
        self.places = places
        self.keyPositions = hasQueryOnlyRows ? keyPositions : nil
    }
}

extension TokenSequence {
    /// Row of the table of positions for every position of the sequence.
    func numbering(_ table: Embedding.Positions, paddingID: Int?) -> [Int32] {
        let offset = Int32(table.offset)
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
        return ids.indices.map { place in
            guard counts(place) else { return 0 }
            count += 1
            return count
        }
    }
}
