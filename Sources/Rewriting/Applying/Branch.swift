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
    /// The other values that the sum adds: the stream, and branches that run beside this one.
    package let others: [String]

    /// The matrix.
    package var weight: ParameterID { ParameterID(node: node, name: isAttention ? "output_weight" : "weight") }

    /// What is added behind the matrix; the node may be without.
    package var bias: ParameterID { ParameterID(node: node, name: isAttention ? "output_bias" : "bias") }

    package var isAttention: Bool { features == .context }
}

extension CheckedGraph {
    /// Branches in execution order: all attention nodes, and all linear nodes that join a stream.
    package var branches: [Branch] {
        var readers: [String: [Node]] = [:]
        for node in graph.nodes { for input in Set(node.inputs) { readers[input, default: []].append(node) } }
        return graph.nodes.compactMap { node in
            let (sum, others) = join(of: node, readers)
            switch node.operation {
            case .attention:
                return Branch(node: node.name, features: .context, sum: sum, others: others)
            case .linear:
                guard sum != node.name, let input = node.inputs.first, node.ties.isEmpty,
                    shapes[input]?.rows == shapes[sum]?.rows
                else { return nil }
                return Branch(node: node.name, features: .value(input), sum: sum, others: others)
            default: return nil
            }
        }
    }

    /// Where a node's value joins a stream, through sums that no other node reads, and what is added besides.
    private func join(of node: Node, _ readers: [String: [Node]]) -> (sum: String, others: [String]) {
        var sum = node.name
        var others: [String] = []
        while let all = readers[sum], all.count == 1, let reader = all.first, case .add = reader.operation,
            !graph.outputs.contains(where: { $0.value == sum }),
            // Sums that repeat rows or columns say nothing about single rows.
            reader.inputs.allSatisfy({ shapes[$0] == shapes[reader.name] }),
            reader.inputs.count(where: { $0 == sum }) == 1
        {
            others += reader.inputs.filter { $0 != sum }
            sum = reader.name
        }
        return (sum, others)
    }
}
