/// What one input holds for one sequence, row by row.
public struct InputArray: Sendable, Hashable {
    /// Number of rows.
    public var rows: Int
    /// Numbers of a row.
    public var columns: Int
    /// The numbers, `rows · columns` of them; empty for ids.
    public var numbers: [Float]
    /// The ids, one a row; empty for numbers.
    public var ids: [Int32]

    /// Numbers, row by row.
    public init(rows: Int, columns: Int, numbers: [Float]) {
        self.rows = rows
        self.columns = columns
        self.numbers = numbers
        ids = []
    }

    /// Ids, one a row.
    public init(ids: [Int32]) {
        rows = ids.count
        columns = 1
        numbers = []
        self.ids = ids
    }
}

/// One sequence as a model takes it: its tokens, and what else the model reads.
public struct TokenSequence: Sendable, Hashable {
    /// Token ids, special tokens included.
    public var ids: [Int32]
    /// Token types; empty: all 0.
    public var types: [Int32]
    /// Which positions may be attended to; empty: all.
    public var mask: [Bool]
    /// Inputs that the graph lays out itself (`Graph.inputLayouts`), by name.
    public var arrays: [String: InputArray]

    public init(
        ids: [Int32] = [], types: [Int32] = [], mask: [Bool] = [], arrays: [String: InputArray] = [:]
    ) {
        self.arrays = arrays
        self.ids = ids
        self.types = types
        self.mask = mask
    }

    /// Rows of the longest input: what the sequence weighs in a group.
    package var rowEstimate: Int { arrays.values.reduce(ids.count) { max($0, $1.rows) } }
    /// Number of positions that the mask shows; of a sequence without tokens, rows of its longest input: what the
    /// sequence weighs among others.
    public var visibleCount: Int {
        if ids.isEmpty { return rowEstimate }
        return mask.isEmpty ? ids.count : mask.count(where: { $0 })
    }
}
