import ModelGraph

extension Attention {
    /// The heads or groups whose columns (rows of `output_weight`) make up a parameter, in order; `nil` for parameters
    /// that are the same whatever heads there are.
    package func blocks(of parameter: String) -> [Int]? {
        switch parameter {
        case "query_weight", "query_bias", "position_bias": computedHeads
        case "position_query_weight", "position_query_bias": computedHeads
        case "key_weight", "key_bias", "position_key_weight", "position_key_bias": keyGroups
        case "query_norm" where scores.headNorm?.isJoint == true: computedHeads
        case "key_norm" where scores.headNorm?.isJoint == true: keyGroups
        case "value_weight", "value_bias": valueGroups
        case "output_weight": keptHeads
        default: nil
        }
    }
}

extension Graph {
    /// Parameters that several nodes read.
    package var sharedParameters: Set<ParameterID> { Set(nodes.flatMap { node in node.ties.values.map(\.parameter) }) }

    /// Parameters of attention nodes that several nodes read.
    package var sharedAttentionParameters: Set<ParameterID> {
        Set(nodes.filter { $0.attention != nil }.flatMap { node in node.ties.values.map(\.parameter) })
    }

    /// Ties set anew after heads of attention nodes have changed: nodes go on sharing a parameter where they still need
    /// the same heads of it. The first of them owns it; a parameter that is no longer needed is gone.
    ///
    /// - Parameter before: The graph whose ties stand for what is equal.
    package mutating func retie(from before: Graph) {
        let shared = before.sharedAttentionParameters
        guard !shared.isEmpty else { return }
        struct Reading: Hashable {
            let owner: ParameterID
            let blocks: [Int]?
        }
        var owners: [Reading: ParameterID] = [:]
        for (index, node) in nodes.enumerated() {
            guard let attention = node.attention else { continue }
            var ties: [String: Node.Tie] = [:]
            for parameter in node.operation.parameters {
                let owner = before.nodes[index].owner(of: parameter.name)
                guard shared.contains(owner) else { continue }
                let reading = Reading(owner: owner, blocks: attention.blocks(of: parameter.name))
                if let made = owners[reading] {
                    ties[parameter.name] = Node.Tie(parameter: made)
                } else {
                    owners[reading] = node.parameterID(parameter.name)
                }
            }
            nodes[index].ties = ties
        }
    }
}
