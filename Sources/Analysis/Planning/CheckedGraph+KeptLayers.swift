import JSON
import ModelGraph
import Plans

extension CheckedGraph {
    /// The graph without any map that a plan may let go which leaves some attention nodes alone.
    ///
    /// No plan of reuse, blends and static patterns under this condition costs less.
    ///
    /// - Parameter kept: Attention nodes that stay as they are.
    /// - Throws: When the graph that comes out breaks a rule, which would be a defect.
    func withLargestReuse(keeping kept: Set<String>) throws(GraphError) -> CheckedGraph {
        var plan = ReusePlan(of: self)
        let replaceable = replaceableHeads
        for (row, layer) in plan.layers.enumerated() where !kept.contains(layer.node) {
            let computed = graph.node(named: layer.node)?.attention?.computedHeads ?? []
            for head in computed.suffix(replaceable[layer.node] ?? 0) {
                plan.layers[row].heads[head].source = .borrowed([MapTerm(weight: 1, map: .pattern(.mean))])
            }
        }
        return try applying(plan)
    }

    /// The graph with as few neurons in its feed-forward parts, and as narrow queries, as any plan leaves.
    ///
    /// - Parameters:
    ///   - moves: What plans may do: neurons and ranks are looked at.
    ///   - kept: Attention nodes and last matrices of parts that stay as they are.
    /// - Throws: When the graph that comes out breaks a rule, which would be a defect.
    func narrowed(by moves: Moves, keeping kept: Set<String>) throws(GraphError) -> CheckedGraph {
        let ranked = moves.contains(.ranks), narrowed = moves.contains(.neurons)
        var plan = ReusePlan(of: self)
        let nodes = rankableNodes.filter { !kept.contains($0.name) }
        plan.ranks = ranked ? nodes.compactMap(RankPass.least(of:)) : []
        plan.neurons =
            !narrowed
            ? []
            : feedForwardParts.filter { !kept.contains($0.node) && $0.width > 1 }.map { part in
                let left = part.width - (NeuronPass.groups(of: part).last?.upperBound ?? 0)
                return .init(node: part.node, width: part.width, kept: IndexList(Array(0..<left)))
            }
        return try applying(plan)
    }
}
