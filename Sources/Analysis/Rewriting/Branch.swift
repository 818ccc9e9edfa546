import ModelGraph

/// The last matrix before a branch joins the residual stream: an attention's output projection or the second matrix of
/// a feed-forward part. The place where a layer can be pulled back to the source.
package struct Branch: Sendable, Hashable {
    /// What the matrix is applied to.
    package enum Features: Sendable, Hashable {
        /// Contexts of the node's kept heads, side by side.
        case context
        /// A value of the graph.
        case value(String)
    }

    /// The attention or linear node.
    package let node: String
    package let features: Features
    /// The `add` node where the branch joins the stream, or the node itself where it joins none.
    package let sum: String
    /// The other values that the sum adds.
    package let others: [String]

    /// Name of the matrix and of the bias among the node's parameters.
    package var parameters: (weight: String, bias: String) {
        features == .context ? ("output_weight", "output_bias") : ("weight", "bias")
    }

    package var isAttention: Bool { features == .context }
}

extension Graph {
    /// Branches in execution order: all attention nodes, and all linear nodes over tokens that join a stream.
    package var branches: [Branch] {
        nodes.compactMap { node in
            let readers = nodes.filter { $0.inputs.contains(node.name) }
            var sum: Node?
            if readers.count == 1, let reader = readers.first, case .add = reader.operation { sum = reader }
            let others = sum?.inputs.filter { $0 != node.name } ?? []
            switch node.operation {
            case .attention:
                return Branch(node: node.name, features: .context, sum: sum?.name ?? node.name, others: others)
            case .linear(let linear):
                guard let sum, let input = node.inputs.first, linear.hasBias, node.ties.isEmpty else { return nil }
                return Branch(node: node.name, features: .value(input), sum: sum.name, others: others)
            default: return nil
            }
        }
    }
}
