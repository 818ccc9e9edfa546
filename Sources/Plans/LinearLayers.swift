import ModelGraph

extension CheckedGraph {
    /// Attention nodes that one matrix could stand in for: self-attention with parameters of its own, whose maps
    /// nothing else shows or reads.
    package var linearizableNodes: [Node] {
        let shared = graph.sharedParameters, read = Set(headsInUse.map(\.node))
        return graph.attentionNodes.filter { !read.contains($0.name) && problemOfLinear($0, shared) == nil }
    }

    fileprivate func problemOfLinear(_ node: Node, _ shared: Set<ParameterID>) -> String? {
        guard let attention = node.attention, !attention.isCross, let input = node.inputs.first else {
            return "is no self-attention: one matrix cannot stand in for it"
        }
        if !node.ties.isEmpty || node.ownParameters.contains(where: { shared.contains(node.parameterID($0.name)) }) {
            return "shares parameters with other nodes: one matrix cannot stand in for it"
        }
        if !node.precisions.isEmpty { return "is quantised already" }
        if shapes[node.name]?.rows != shapes[input]?.rows { return "has other rows than its input" }
        let isShown = graph.nodes.contains { reader in
            if case .maps = reader.operation { reader.inputs.contains(node.name) } else { false }
        }
        return isShown ? "has maps that the model hands out" : nil
    }
}

extension Graph {
    /// Puts one matrix in the place of each attention node that a plan lists.
    ///
    /// A node that is a matrix already is left alone: the plan of a converted model suits that model too.
    ///
    /// - Returns: What is wrong with the plan's entries; nodes with such stay as they are.
    mutating func makeLinear(_ entries: [ReusePlan.Linear], of source: CheckedGraph) -> [GraphError.Problem] {
        var problems: [GraphError.Problem] = []
        var seen: Set<String> = []
        let shared = source.graph.sharedParameters
        for entry in entries {
            func report(_ message: String) {
                problems.append(.init(kind: .plan, subject: entry.node, message: message))
            }
            guard seen.insert(entry.node).inserted else {
                report("the plan makes this node linear twice")
                continue
            }
            guard let index = nodes.firstIndex(where: { $0.name == entry.node }) else {
                report("the model has no attention node of this name")
                continue
            }
            if case .linear = nodes[index].operation { continue }
            guard let attention = nodes[index].attention, let input = nodes[index].inputs.first else {
                report("the model has no attention node of this name")
                continue
            }
            if let problem = source.node(named: entry.node).flatMap({ source.problemOfLinear($0, shared) }) {
                report(problem)
                continue
            }
            nodes[index] = Node(
                name: entry.node,
                operation: .linear(Linear(inputWidth: attention.inputWidth, outputWidth: attention.outputWidth)),
                inputs: [input])
        }
        return problems
    }
}
