import ModelGraph

/// Some sequences that go through all layers together: their rows stand one sequence after the other, no padding.
struct Group: Sendable {
    /// The sequences of the group, for inputs that are read row by row.
    let sequences: ArraySlice<ModelInput>
    /// What earlier runs left in caches; `nil`: this one starts from nothing.
    let continuing: ContinuedRows?
    /// Rows along the tokens.
    let tokens: TokenRows
    /// By axis of the schedule.
    let axes: [AxisRows]
    /// By input that the graph lays out.
    let inputs: [InputRows]
    /// By map space.
    let maps: [MapLayout]
    /// By the schedule's rotary positions.
    let rotaries: [RotaryTable]

    /// Other axes than the tokens whose ids have a mask, by axis.
    private let maskedAxes: [Int: MaskedRows]
    /// By axis, by member: keys that queries look at.
    private let keys: [[Int]]

    /// The ids that an embedding looks up, or a mask looks at, row by row.
    func ids(of source: EmbedStep.Source) -> [Int32] {
        switch source {
        case .text: tokens.ids
        case .shiftedText: tokens.idsBefore
        case .inputs(let index, _): inputs[index].ids
        }
    }

    init(
        _ sequences: [ModelInput], range: Range<Int>, schedule: Schedule, continuing: ContinuedRows? = nil
    ) {
        let part = sequences[range]
        let tokens = TokenRows(part, schedule, continuing: continuing)
        let masked = MaskedRows.byAxis(part, schedule, continuing: continuing)
        let axes = AxisRows.all(part, schedule, tokens: tokens, continuing: continuing)
        let keys = axes.indices.map { axis in
            continuing?.memory[axis]
                ?? (axis == Schedule.tokenAxis ? tokens.members.map(\.keys) : nil)
                ?? masked[axis]?.keys ?? tokens.members.indices.map { axes[axis].rows(of: $0).count }
        }
        self.sequences = part
        self.continuing = continuing
        self.tokens = tokens
        self.axes = axes
        self.keys = keys
        maskedAxes = masked
        inputs = schedule.inputs.map { InputRows($0, part, continuing: continuing) }
        maps = schedule.mapSpaces.map { MapLayout($0, axes: axes, keys: keys) }
        rotaries = schedule.rotaries.map { rotary in
            let positions = rotary.axis == Schedule.tokenAxis ? tokens.positions : masked[rotary.axis]?.positions
            return RotaryTable(rotary, rows: axes[rotary.axis], positions: positions)
        }
    }

    /// The sequences, by their rows along the tokens.
    var members: [TokenRows.Member] { tokens.members }

    /// Keys that a member's queries look at along an axis.
    func keys(of member: Int, axis: Int) -> Int { keys[axis][member] }

    /// Floats from one row of a member's map to the next.
    func mapStride(_ member: Int, keyAxis: Int) -> Int { KernelSet.padded(keys(of: member, axis: keyAxis)) }

    /// Position of a member's first row along an axis.
    func firstPosition(of member: Int, axis: Int) -> Int { continuing?.past(of: member, axis: axis) ?? 0 }

    /// Row of a member's first position within the member.
    func firstRow(of member: Int, axis: Int) -> Int? {
        axis == Schedule.tokenAxis ? members[member].first : axes[axis].rows(of: member).isEmpty ? nil : 0
    }

    /// Positions in their sequence of all rows along an axis; `nil`: every row stands where it is.
    func positions(axis: Int) -> [Int32]? {
        axis == Schedule.tokenAxis ? tokens.positions : maskedAxes[axis]?.positions
    }

    /// Keys that stand where rows stand, along an axis; `nil` when every row is a key.
    func keyPositions(axis: Int) -> [Int32]? {
        axis == Schedule.tokenAxis ? tokens.keyPositions : maskedAxes[axis]?.keyPositions
    }

    /// What an input holds for a member; `nil` when it was not given.
    func array(of input: LaidOutInput, member: Int) -> InputArray? {
        sequences[sequences.startIndex + member].arrays[input.name]
    }
}
