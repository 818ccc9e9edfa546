/// What one input holds for one sequence, row by row.
package struct InputArray: Sendable, Hashable {
    /// Number of rows.
    package var rows: Int
    /// Numbers of a row.
    package var columns: Int
    /// The numbers, `rows · columns` of them; empty for ids.
    package var numbers: [Float]
    /// The ids, one a row; empty for numbers.
    package var ids: [Int32]
    /// Which ids may be looked at, where the layout has a mask; empty: all.
    package var mask: [Bool] = []

    /// Numbers, row by row.
    package init(rows: Int, columns: Int, numbers: [Float]) {
        self.rows = rows
        self.columns = columns
        self.numbers = numbers
        ids = []
    }

    /// Ids, one a row.
    ///
    /// - Parameter mask: Which of them may be looked at; empty: all.
    package init(ids: [Int32], mask: [Bool] = []) {
        self.mask = mask
        rows = ids.count
        columns = 1
        numbers = []
        self.ids = ids
    }
}

/// One sequence as a model takes it: its tokens, and what else the model reads.
package struct ModelInput: Sendable, Hashable {
    /// Token ids, special tokens included.
    package var ids: [Int32]
    /// Token types; empty: all 0.
    package var types: [Int32]
    /// Which positions may be attended to; empty: all.
    package var mask: [Bool]
    /// Inputs that the graph lays out itself (`Graph.inputLayouts`), by name.
    package var arrays: [String: InputArray]
    /// How many sequences in a row, this one among them, are the choices of one item; 1: it stands for itself.
    package var choices = 1

    package init(
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
    package var visibleCount: Int {
        if ids.isEmpty { return rowEstimate }
        return mask.isEmpty ? ids.count : mask.count(where: { $0 })
    }
}
