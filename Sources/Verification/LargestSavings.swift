import Costs
import ModelGraph
import Plans

/// The most that reuse, blends and static patterns can save of a model: from its graph alone, before anything is run.
package struct LargestSavings: Sendable, Hashable, Codable {
    /// Of the whole model.
    package let savings: Savings
    /// Multiply-adds of the attention layers alone: their four projections, scores, and maps times values.
    package let attention: Savings.Change
    /// Whether plans in between can make the file larger: attention layers share parameters.
    package let canGrow: Bool

    /// - Parameter tokens: Sequence length that multiply-adds are counted for.
    /// - Throws: When the graph with the most reuse breaks a rule, which would be a defect.
    package init(of graph: CheckedGraph, tokens: Int = 128) throws(GraphError) {
        let least = try graph.withLargestReuse()
        savings = Savings(source: graph, converted: least, tokens: tokens)
        attention = Savings.Change(
            source: graph.attentionMultiplyAdds(tokens: tokens),
            converted: least.attentionMultiplyAdds(tokens: tokens))
        canGrow = graph.canGrowByReuse
    }
}

extension CheckedGraph {
    /// Multiply-adds of attention layers, for one sequence.
    fileprivate func attentionMultiplyAdds(tokens: Int) -> Int {
        let all = multiplyAddsByNode(tokens: tokens)
        return graph.attentionNodes.reduce(0) { $0 + (all[$1.name] ?? 0) }
    }
}
