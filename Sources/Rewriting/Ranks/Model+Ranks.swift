import ModelGraph
import Plans
import Runtime
import Tensors

extension Model {
    /// Makes queries and keys of nodes as narrow as a plan says, as well as that can be done without any data.
    ///
    /// - Parameters:
    ///   - entries: Sound ones: the graph was narrowed along them.
    ///   - narrowed: That graph.
    ///   - source: The model before.
    mutating func cutRanks(
        _ entries: [ReusePlan.Rank], of source: Model, to narrowed: Graph
    ) throws(AnalysisError) {
        for entry in entries {
            guard let node = source.graph.node(named: entry.node), node.attention?.headSize == entry.size,
                let heads = narrowed.node(named: entry.node)?.attention
            else { continue }
            guard
                let reductions = try QueryKeyReductions(
                    source, node, for: heads, queries: nil, keys: nil, workers: CancellableWorkers(count: 1))
            else { throw .tensor(node.parameterID("query_weight"), reason: "has values that are not finite") }
            setQueriesAndKeys(of: node, reductions, rank: entry.rank)
        }
    }

    /// Sets queries and keys of a node that a plan has made narrower.
    package mutating func setQueriesAndKeys(of node: Node, _ reductions: QueryKeyReductions, rank: Int) {
        for (name, tensor) in reductions.parameters(rank: rank) { tensors[node.parameterID(name)] = tensor }
    }

    /// Gives narrowed queries and keys the values that keep scores best on what they really read.
    ///
    /// - Parameter source: The model in which they are as wide as they were.
    mutating func fitRanks(
        of source: Model, along plan: ReusePlan, sequences: [ModelInput], pooling: Pooling?,
        knowing known: KnownSums?, resources: ExecutionResources
    ) throws(AnalysisError) {
        let names = Set(source.graph.nodesLosingRank(along: plan))
        guard !names.isEmpty else { return }
        let ranks = Dictionary(plan.ranks.map { ($0.node, $0.rank) }, uniquingKeysWith: { first, _ in first })
        var result = self
        try QueryKeyReductions.collect(
            source, source.graph.attentionNodes.filter { names.contains($0.name) }, for: graph, sequences,
            pooling: pooling, knowing: known, resources: resources
        ) { (node, reductions) in
            guard let rank = ranks[node.name] else { return }
            result.setQueriesAndKeys(of: node, reductions, rank: rank)
        }
        self = result
    }
}

extension CheckedGraph {
    /// Attention nodes whose queries and keys a plan makes narrower: data are needed to tell what can be spared.
    package func nodesLosingRank(along plan: ReusePlan) -> [String] {
        plan.ranks.filter { node(named: $0.node)?.attention?.headSize == $0.size }.map(\.node)
    }
}
