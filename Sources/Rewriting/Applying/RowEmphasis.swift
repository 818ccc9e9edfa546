import ModelGraph

/// Rows of a stream that everything at the output is read from: those of a token that stands for its text.
///
/// A refit that minimises the error of all rows alike would trade the one row that counts for many that only count
/// through later maps. So that row weighs as much as all others of its text together.
package struct RowEmphasis: Sendable, Hashable {
    /// The axis whose rows are read.
    package let rows: RowSpace
    /// Whether the first row of each text is read, or the last.
    package let isFirst: Bool

    package init(rows: RowSpace, isFirst: Bool) {
        self.rows = rows
        self.isFirst = isFirst
    }

    /// The rows of some texts, those that are read repeated until they weigh as much as the others.
    ///
    /// - Parameter ranges: Rows of each text.
    package func weighted(_ ranges: [Range<Int>]) -> [Range<Int>] {
        ranges.flatMap { range -> [Range<Int>] in
            let more = repeats(of: range.count)
            guard more > 0 else { return [range] }
            let row = isFirst ? range.lowerBound : range.upperBound - 1
            return [range] + [Range<Int>](repeating: row..<row + 1, count: more)
        }
    }

    /// How often the row that is read counts beside itself among `count` rows of a text.
    package func repeats(of count: Int) -> Int { max(0, count - 2) }

    /// Where the row that is read stands among some of a text's rows; `nil` where it is not among them.
    package func place(among rows: [Int], of count: Int) -> Int? {
        isFirst ? (rows.first == 0 ? 0 : nil) : rows.last == count - 1 ? rows.count - 1 : nil
    }
}

extension CheckedGraph {
    /// The rows that everything at the output is read from; `nil` where all rows count alike, or where that cannot be
    /// told.
    ///
    /// - Parameter pooling: How embeddings are made, where the graph does not say it.
    package func emphasis(pooling: Pooling? = nil) -> RowEmphasis? {
        if graph.use == .encoder || pooling != nil {
            let poolings = Set(pooling.map { [$0] } ?? graph.embeddingPoolings)
            guard poolings.count == 1, let only = poolings.first, let states = graph.lastHiddenState else { return nil }
            return emphasis(only, of: states)
        }
        guard graph.use == .classifier || graph.use == .numbers,
            var name = graph.predictions ?? numberOutputs.first?.value
        else { return nil }
        // Back from the predictions through what works on one row alone.
        while let node = graph.node(named: name), let input = node.inputs.first {
            if case .pooling(let pooling) = node.operation { return emphasis(pooling, of: input) }
            guard node.inputs.count == 1, shapes[name]?.rows == .sequences, shapes[input]?.rows == .sequences else {
                return nil
            }
            name = input
        }
        return nil
    }

    private func emphasis(_ pooling: Pooling, of value: String) -> RowEmphasis? {
        guard pooling == .first || pooling == .last, let rows = shapes[value]?.rows, rows != .sequences else {
            return nil
        }
        return RowEmphasis(rows: rows, isFirst: pooling == .first)
    }
}
