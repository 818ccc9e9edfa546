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
        /// First row along the tokens.
        let start: Int
        /// Rows along the tokens; the first `keys` of them are visible to all.
        let queries: Int
        let keys: Int
        /// Row of the first position within the sequence, or `nil` when nobody asked for it.
        let first: Int?
    }

    /// Where each sequence's rows lie along one axis.
    struct AxisRows: Sendable {
        /// First row of each member, and the number of all rows.
        var starts: [Int]

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
    }

    /// Rows along an axis whose ids have a mask: of each member first those that the mask shows, then the others, which
    /// only query.
    struct MaskedRows: Sendable {
        /// By member: rows that are keys.
        var keys: [Int] = []
        /// Position in the sequence as it was given, per row.
        var places: [Int32] = []
        /// Key that stands where the row stands, or the last one before it, per row.
        var keyPositions: [Int32] = []
    }

    let members: [Member]
    /// By axis of the schedule.
    let axes: [AxisRows]
    /// By map space: where each member's maps start in a slot of kept maps, in floats. A map has as many rows as there
    /// are queries, of `mapStride` floats.
    let mapOffsets: [[Int]]
    /// By map space: floats of one slot of kept maps.
    let mapFloats: [Int]
    /// Most keys that a query of any attention has, and most queries of one sequence.
    let longestKeys, longestQueries: Int
    let ids: [Int32]
    let types: [Int32]
    /// Row of the table of positions, per row of the tokens.
    let positions: [Int32]
    /// Position in the sequence as it was given, per row of the tokens.
    let places: [Int32]
    /// Other axes whose ids have a mask, by axis.
    let maskedAxes: [Int: MaskedRows]
    /// By the schedule's rotary positions: cosines and sines, row by row of their axis.
    let angles: [[Float]]
    /// Key that stands where the row stands, per row of the tokens; `nil` when every row is a key.
    let keyPositions: [Int32]?
    /// By input that the graph lays out: its ids, and their rows of the table of positions.
    let inputIDs: [[Int32]]
    let inputPositions: [[Int32]]
    /// The sequences of the group, for inputs that are read row by row.
    let sequences: ArraySlice<ModelInput>

    /// What earlier runs left in caches; `nil`: this one starts from nothing.
    let continuing: Continuing?

    /// Sequences that go on where earlier runs ended: only rows along one axis are computed.
    struct Continuing: Sendable {
        /// The axis that grows.
        let axis: Int
        /// By member: rows along it that were computed before.
        let past: [Int]
        /// By other axis, by member: keys that stand in caches.
        let memory: [Int: [Int]]
    }

    /// Keys that a member's queries look at along an axis.
    func keys(of member: Int, axis: Int) -> Int {
        if let memory = continuing?.memory[axis] { return memory[member] }
        if axis == Schedule.tokenAxis { return members[member].keys }
        return maskedAxes[axis]?.keys[member] ?? axes[axis].rows(of: member).count
    }

    /// Position of a member's first row along an axis.
    func firstPlace(of member: Int, axis: Int) -> Int {
        guard let continuing, continuing.axis == axis else { return 0 }
        return continuing.past[member]
    }

    /// Floats from one row of a member's map to the next.
    func mapStride(_ member: Int, keyAxis: Int) -> Int { KernelSet.padded(keys(of: member, axis: keyAxis)) }

    init(
        _ sequences: [ModelInput], range: Range<Int>, schedule: Schedule, continuing: Continuing? = nil
    ) {
        self.continuing = continuing
        var members: [Member] = []
        var ids: [Int32] = []
        var types: [Int32] = []
        var positions: [Int32] = []
        var places: [Int32] = []
        var keyPositions: [Int32] = []
        var starts = schedule.axes.map { _ in [0] }
        var maskedAxes: [Int: MaskedRows] = [:]
        var hasQueryOnlyRows = false
        let embedding = schedule.embedding
        for index in range {
            let sequence = sequences[index]
            var lengths = schedule.lengths(of: sequence)
            let past = continuing.map { $0.past[index - range.lowerBound] } ?? 0
            let textPast = continuing?.axis == Schedule.tokenAxis ? past : 0
            if schedule.readsText {
                let numbers = embedding?.positions.map {
                    sequence.numbering($0, paddingID: embedding?.paddingID, after: textPast)
                }
                let isVisible = { (place: Int) in sequence.mask.isEmpty || sequence.mask[place] }
                var rows = sequence.ids.indices.filter(isVisible)
                let keys = rows.count + textPast
                var first: Int? = nil
                if schedule.needsFirst, !sequence.ids.isEmpty {
                    first = isVisible(0) ? 0 : keys
                    if !isVisible(0) {
                        rows.append(0)
                        hasQueryOnlyRows = true
                    }
                }
                members.append(
                    Member(index: index, start: ids.count, queries: rows.count, keys: keys, first: first))
                for (row, place) in rows.enumerated() {
                    ids.append(sequence.ids[place])
                    types.append(sequence.types.isEmpty ? 0 : sequence.types[place])
                    positions.append(numbers?[place] ?? Int32(textPast + place))
                    places.append(Int32(textPast + place))
                    // A row that only queries is a masked first position: the key beside it is the first visible one.
                    keyPositions.append(row < keys ? Int32(row) : 0)
                }
                lengths["tokens"] = rows.count
            } else {
                let count = lengths["tokens"] ?? 0
                members.append(
                    Member(
                        index: index, start: places.count, queries: count, keys: count, first: count > 0 ? 0 : nil))
                for place in 0..<count { places.append(Int32(place)) }
            }
            for input in schedule.inputs where input.layout.mask != nil {
                maskedAxes[input.axis, default: MaskedRows()].append(
                    sequence.arrays[input.name], after: continuing?.axis == input.axis ? past : 0)
            }
            for axis in schedule.axes.indices {
                let start = starts[axis][starts[axis].count - 1]
                // Where sequences go on, nothing but the axis that grows and its last rows has rows.
                let isLeftOut = continuing.map { $0.axis != axis && axis != Schedule.sequenceAxis } ?? false
                starts[axis].append(start + (isLeftOut ? 0 : schedule.axes[axis].length(lengths) ?? 0))
            }
        }
        let axes = starts.map(AxisRows.init)
        var longest = 0, longestQueries = 0
        var mapOffsets: [[Int]] = [], mapFloats: [Int] = []
        for space in schedule.mapSpaces {
            var offsets: [Int] = []
            var floats = 0
            for member in members.indices {
                offsets.append(floats)
                let keys =
                    continuing?.memory[space.keyAxis]?[member]
                    ?? (space.keyAxis == Schedule.tokenAxis ? members[member].keys : nil)
                    ?? maskedAxes[space.keyAxis]?.keys[member] ?? axes[space.keyAxis].rows(of: member).count
                let queries = axes[space.queryAxis].rows(of: member).count
                longest = max(longest, keys)
                longestQueries = max(longestQueries, queries)
                floats += queries * KernelSet.padded(keys)
            }
            mapOffsets.append(offsets)
            mapFloats.append(floats)
        }
        self.members = members
        self.axes = axes
        self.mapOffsets = mapOffsets
        self.mapFloats = mapFloats
        longestKeys = longest
        self.longestQueries = longestQueries
        self.maskedAxes = maskedAxes
        self.ids = ids
        self.types = types
        self.positions = positions
        self.places = places
        self.keyPositions = hasQueryOnlyRows ? keyPositions : nil
        self.sequences = sequences[range]
        inputIDs = schedule.inputs.map { input in
            guard input.layout.content == .ids else { return [] }
            return range.flatMap { sequences[$0].inRowOrder(sequences[$0].ids(of: input), input) }
        }
        inputPositions = schedule.inputs.map { input in
            guard let table = input.positions else { return [] }
            return range.flatMap { index in
                let sequence = sequences[index]
                let numbered = ModelInput(
                    ids: sequence.ids(of: input), mask: sequence.arrays[input.name]?.mask ?? [])
                let past = continuing?.axis == input.axis ? continuing?.past[index - range.lowerBound] ?? 0 : 0
                return sequence.inRowOrder(
                    numbered.numbering(table, paddingID: input.paddingID, after: past), input)
            }
        }
        angles = schedule.rotaries.map { rotary in
            let frequencies = rotary.rotary.frequencies
            let rows = axes[rotary.axis]
            let given = rotary.axis == Schedule.tokenAxis ? places : maskedAxes[rotary.axis]?.places
            return [Float](unsafeUninitializedCapacity: rows.count * 2 * frequencies.count) { buffer, count in
                count = rows.count * 2 * frequencies.count
                guard let base = buffer.baseAddress else { return }
                for member in members.indices {
                    for row in rows.rows(of: member) {
                        let place = given.map { Int($0[row]) } ?? row - rows.starts[member]
                        rotary.write(place: place, frequencies, to: base + row * 2 * frequencies.count)
                    }
                }
            }
        }
    }

    /// Positions in their sequence of all rows along an axis; `nil`: every row stands where it is.
    func places(axis: Int) -> [Int32]? { axis == Schedule.tokenAxis ? places : maskedAxes[axis]?.places }

    /// Keys that stand where rows stand, along an axis; `nil` when every row is a key.
    func keyPositions(axis: Int) -> [Int32]? {
        axis == Schedule.tokenAxis ? keyPositions : maskedAxes[axis]?.keyPositions
    }

    /// What an input holds for a member; `nil` when it was not given.
    func array(of input: LaidOutInput, member: Int) -> InputArray? {
        sequences[sequences.startIndex + member].arrays[input.name]
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

extension Group.MaskedRows {
    /// Adds the rows of one more member.
    ///
    /// - Parameter past: Rows that stand in caches before them.
    fileprivate mutating func append(_ array: InputArray?, after past: Int) {
        let order = array?.rowOrder ?? []
        let shown = array.map { $0.mask.isEmpty ? $0.rows : $0.mask.count(where: { $0 }) } ?? 0
        keys.append(past + shown)
        places += order.map { Int32(past + $0) }
        let visible = order.prefix(shown)
        keyPositions += (0..<shown).map { Int32(past + $0) }
        keyPositions += order.dropFirst(shown).map { place in Int32(past + visible.count { $0 < place }) - 1 }
    }
}

extension InputArray {
    /// Numbers of the rows, those that the mask shows first.
    fileprivate var rowOrder: [Int] {
        guard !mask.isEmpty else { return Array(0..<rows) }
        return (0..<rows).filter { mask[$0] } + (0..<rows).filter { !mask[$0] }
    }
}

extension ModelInput {
    /// Elements of an input, one an id, in the order of its rows.
    fileprivate func inRowOrder(_ elements: [Int32], _ input: LaidOutInput) -> [Int32] {
        guard let array = arrays[input.name], !array.mask.isEmpty else { return elements }
        return array.rowOrder.map { elements[$0] }
    }

    /// Ids of an input that the graph lays out; the same id everywhere when they were not given.
    func ids(of input: LaidOutInput) -> [Int32] {
        if let array = arrays[input.name] { return array.ids }
        guard let absent = input.layout.absent, case .count(let count) = input.layout.rows else { return [] }
        return [Int32](repeating: Int32(exactly: absent) ?? 0, count: count)
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
        return ids.indices.map { place in
            guard counts(place) else { return 0 }
            count += 1
            return count
        }
    }
}
