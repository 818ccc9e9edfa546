import ModelGraph

extension CheckedGraph {
    /// The sequence length that figures are given for unless somebody asks for another one: 128 tokens, or as many as
    /// the model's tables of positions have room for.
    package var usualTokens: Int {
        func grows(_ rows: RowSpace?) -> Bool { rows.map { $0.rows(tokens: 1) != $0.rows(tokens: 2) } ?? false }
        let limits = graph.nodes.compactMap { node -> Int? in
            switch node.operation {
            case .embedding(let embedding):
                guard let positions = embedding.positions, grows(shapes[node.name]?.rows) else { return nil }
                return positions.count - positions.offset
            case .table(let table):
                guard table.resampling == nil, let input = node.inputs.first, grows(shapes[input]?.rows) else {
                    return nil
                }
                return table.count - table.offset
            default: return nil
            }
        }
        return max(1, min(128, limits.min() ?? 128))
    }

    /// Elements (queries × keys) of one map of each attention node, for one sequence of `tokens` tokens.
    package func mapSizes(tokens: Int) -> [String: Int] {
        graph.attentionNodes.reduce(into: [:]) { sizes, node in
            guard let extent = mapExtent(of: node) else { return }
            sizes[node.name] = product(extent.queries.rows(tokens: tokens), extent.keys.rows(tokens: tokens))
        }
    }

    /// Elements of all maps that are computed, for one sequence of `tokens` tokens.
    package func mapElements(tokens: Int) -> Int {
        let sizes = mapSizes(tokens: tokens)
        return graph.attentionNodes.reduce(0) { total, node in
            sum(total, product(node.attention?.computedHeads.count ?? 0, sizes[node.name] ?? 0))
        }
    }

    /// How many times as many elements the largest map has as the smallest, for one sequence of `tokens` tokens: 1
    /// where all are alike.
    ///
    /// Where it is more, a number of maps says little about work: 36 of the 72 maps of a speech model's encoder are
    /// most of what its attention does, and 36 of its decoder next to nothing.
    package func mapSizeRatio(tokens: Int) -> Double {
        let sizes = mapSizes(tokens: tokens).values.filter { $0 > 0 }
        guard let least = sizes.min(), let most = sizes.max() else { return 1 }
        return Double(most) / Double(least)
    }
}
