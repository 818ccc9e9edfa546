import ModelGraph

extension CheckedGraph {
    /// The graph with as few maps as reuse allows: one for each kind of map, which every other head of that kind reads.
    ///
    /// No plan of reuse, blends and static patterns costs less: each leaves at least one map of a kind computed, and
    /// every head its values and its output projection. Heads that are normed together stay as they are.
    ///
    /// - Throws: When the graph that comes out breaks a rule, which would be a defect.
    package func withLargestReuse() throws(GraphError) -> CheckedGraph {
        var plan = ReusePlan(of: self)
        var owners: [MapKind: HeadID] = [:]
        for (row, layer) in plan.layers.enumerated() {
            guard let node = graph.node(named: layer.node), let attention = node.attention else { continue }
            let kind = MapKind(node, shapes)
            for head in attention.computedHeads {
                guard let owner = owners[kind] else {
                    owners[kind] = HeadID(node: node.name, head: head)
                    continue
                }
                if attention.headNorm?.isJoint == true { continue }
                plan.layers[row].heads[head].source = .reused(owner)
            }
        }
        return try applying(plan)
    }

    /// Whether replacing heads can make the model's parameters more instead of fewer: attention layers that share them
    /// need parameters of their own where they no longer compute the same heads.
    ///
    /// Shared tables of distances alone do not count: what a head needs of them is less than its query and key.
    package var canGrowByReuse: Bool {
        graph.attentionNodes.contains { $0.ties["query_weight"] != nil || $0.ties["key_weight"] != nil }
    }
}
