import ModelGraph

extension CheckedGraph {
    /// Attention nodes whose queries and keys can be made narrower.
    package var rankableNodes: [Node] {
        let shared = graph.sharedParameters
        return graph.attentionNodes.filter { problemOfRank($0, shared) == nil }
    }

    /// Why queries and keys of a node must stay as wide as they are; `nil`: they need not.
    ///
    /// A product of lower rank stands in for that of a head's query and key matrices. So nothing may happen to single
    /// columns between the projections and the product, and nothing to scores that does not leave alone what is the
    /// same for all keys.
    fileprivate func problemOfRank(_ node: Node, _ shared: Set<ParameterID>) -> String? {
        guard let attention = node.attention else { return "is no attention node" }
        if attention.computedHeads.isEmpty { return "has no head that computes a map" }
        switch attention.positions {
        case .rotary: return "turns queries and keys by their positions, column by column: their rank cannot fall"
        case .disentangled: return "compares queries and keys with positions as well: their rank cannot fall"
        case nil, .alibi, .bucketed, .clamped: break
        }
        if attention.headNorm != nil { return "norms queries and keys, column by column: their rank cannot fall" }
        if attention.comparison != nil {
            return "compares queries and keys by another way than their product: it has no rank"
        }
        if attention.softCap != nil { return "bends scores, which makes them other scores where rank falls" }
        let names = ["query_weight", "query_bias", "key_weight", "key_bias"]
        if names.contains(where: { node.ties[$0] != nil || shared.contains(node.parameterID($0)) }) {
            return "shares queries or keys with other nodes: their rank cannot fall here alone"
        }
        return names.contains { node.precisions[$0] != nil } ? "has queries or keys that are quantised already" : nil
    }
}

extension Graph {
    /// Narrows queries and keys to the ranks that a plan keeps; scores keep their scale.
    ///
    /// A node that has already the rank is left alone: the plan of a converted model suits that model too.
    ///
    /// - Parameters:
    ///   - entries: What the plan says, after its sources were set.
    ///   - matrices: Nodes that the plan makes one matrix.
    /// - Returns: What is wrong with the plan's entries; nodes with such stay as they are.
    mutating func narrowQueries(
        _ entries: [ReusePlan.Rank], of source: CheckedGraph, besides matrices: Set<String>
    ) -> [GraphError.Problem] {
        guard !entries.isEmpty else { return [] }
        var problems: [GraphError.Problem] = []
        var seen: Set<String> = []
        let shared = source.graph.sharedParameters
        for entry in entries {
            func report(_ message: String) {
                problems.append(.init(kind: .plan, subject: entry.node, message: message))
            }
            guard seen.insert(entry.node).inserted else {
                report("the plan gives this node a rank twice")
                continue
            }
            if matrices.contains(entry.node) {
                report("one matrix stands in for this node in the plan: it has no queries and keys to give a rank")
                continue
            }
            guard let node = source.node(named: entry.node), let old = node.attention,
                let index = nodes.firstIndex(where: { $0.name == entry.node }), var attention = nodes[index].attention
            else {
                report("the model has no attention node of this name")
                continue
            }
            guard entry.rank >= 1, entry.rank < entry.size else {
                report(
                    "the rank \(entry.rank) is not below the \(entry.size) columns of a query, or not above 0")
                continue
            }
            if old.headSize == entry.rank { continue }
            guard old.headSize == entry.size else {
                report("the plan is for queries of \(entry.size) columns, the model's have \(old.headSize)")
                continue
            }
            if let problem = source.problemOfRank(node, shared) {
                report(problem)
                continue
            }
            if attention.computedHeads.isEmpty {
                report("the plan lets no head of this node compute a map: there is nothing to give a rank")
                continue
            }
            attention.headSize = entry.rank
            nodes[index].operation = .attention(attention)
        }
        return problems
    }
}
