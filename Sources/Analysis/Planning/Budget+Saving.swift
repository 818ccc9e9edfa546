import Costs
import ModelGraph
import Plans
import Rewriting
import Statistics

extension Budget.Goal {
    /// Share that a changed graph saves of a graph, in the terms of this goal; of maps for a quality.
    package func saving(from graph: CheckedGraph, to after: CheckedGraph) -> Double {
        func share(_ before: Int, _ after: Int) -> Double {
            before > 0 ? (Double(before) - Double(after)) / Double(before) : 0
        }
        switch self {
        case .attention where graph.mapSizeRatio(tokens: graph.usualTokens) > 1:
            let tokens = graph.usualTokens
            return share(graph.mapElements(tokens: tokens), after.mapElements(tokens: tokens))
        case .attention, .maps, .quality: return share(graph.mapCount, after.mapCount)
        case .multiplyAdds(_, let tokens), .speed(_, _, let tokens):
            return share(graph.cost(tokens: tokens).multiplyAdds, after.cost(tokens: tokens).multiplyAdds)
        case .bytes: return share(graph.cost(tokens: 1).parameterBytes, after.cost(tokens: 1).parameterBytes)
        }
    }
}

extension Budget {
    /// Refuses a budget that no plan of reuse, blends, static patterns, neurons and ranks can hold, by the graph alone.
    ///
    /// - Parameters:
    ///   - kept: Attention nodes, and last matrices of feed-forward parts, that stay as they are.
    ///   - moves: What plans may do, `drop` and `linear` left out of account.
    /// - Throws: `AnalysisError.budget` with the largest saving of this kind that the model allows.
    package func checkReach(
        in graph: CheckedGraph, keeping kept: Set<String> = [], moves: Moves = .standard
    ) throws(AnalysisError) {
        func least(_ reused: CheckedGraph) throws(GraphError) -> CheckedGraph {
            try reused.narrowed(by: moves, keeping: kept)
        }
        var largest: Double
        do {
            largest = goal.saving(from: graph, to: try least(graph.withLargestReuse()))
            if !kept.isEmpty {
                largest = min(largest, goal.saving(from: graph, to: try least(graph.withLargestReuse(keeping: kept))))
            }
        } catch { throw .graph(error) }
        guard goal.share > largest + 1e-9 else { return }
        throw .budget(
            text, reason: "the largest saving that this model allows is \((largest * 100).rounded(1)) %")
    }

    /// What a user should know of the budget before anything is done; `nil` where there is nothing to say.
    package func caution(for graph: CheckedGraph) -> String? {
        guard case .attention = goal else {
            if case .bytes = goal { return nil }
            return graph.canGrowByReuse
                ? "layers of this model share weights: a plan that treats them differently makes the file larger" : nil
        }
        if graph.canGrowByReuse {
            return "layers of this model share weights, and a plan that treats them differently makes the file larger: "
                + "\(text) takes no such plan, maps:\(text) does"
        }
        let tokens = graph.usualTokens
        let ratio = graph.mapSizeRatio(tokens: tokens)
        guard ratio > 1 else { return nil }
        return "the largest maps of this model have \(ratio < 10 ? "\(ratio.rounded(1))" : "\(Int(ratio.rounded()))") "
            + "times as many elements as the smallest, so \(text) counts elements at \(tokens) tokens, not maps; "
            + "maps:\(text) counts maps, macs:\(text)@\(tokens) work"
    }
}
