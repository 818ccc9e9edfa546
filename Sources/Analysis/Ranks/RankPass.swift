import ModelGraph
import Platform
import Plans
import Rewriting
import Runtime

/// For each attention node that allows it: how narrow its queries and keys can be, and the error at the model's output
/// when they are.
///
/// One pass of the model collects the second moments of what projections read; the best products of every rank follow
/// from them. Each point of a curve is refitted and judged as curves of heads are.
enum RankPass {
    /// Columns that kernels multiply at a time, of wider heads: what a plan takes at a step saves time as well.
    private static let group = 16
    /// Ranks that are measured at most; those between lie on straight lines.
    private static let mostPoints = 4

    /// Ranks of a node that are measured.
    static func pointCount(of node: Node) -> Int { marks(of: ranks(of: node)).count }

    /// The nodes that are measured, in execution order.
    static func nodes(of graph: CheckedGraph) -> [Node] { graph.rankableNodes.filter { !ranks(of: $0).isEmpty } }

    /// - Parameters:
    ///   - wanted: The attention nodes that are measured; what is found for one does not depend on the others.
    ///   - found: Called with each curve as soon as it is measured.
    static func run(
        _ model: Model, of wanted: Set<String>, sums: SourceSums, probe: OutputProbe, pooling: Pooling?,
        resources: ExecutionResources, progress: (Int, Int) -> Void,
        found: (RankCurve) throws(AnalysisError) -> Void
    ) throws(AnalysisError) {
        let nodes = nodes(of: model.graph).filter { wanted.contains($0.name) }
        let branches = model.graph.branches.filter { branch in
            branch.isAttention && nodes.contains { $0.name == branch.node }
        }
        let total = nodes.reduce(0) { $0 + pointCount(of: $1) }
        var done = 0
        try QueryKeyReductions.collect(
            model, nodes, sums.sequences, pooling: pooling, from: sums.activations, resources: resources
        ) {
            (node, reductions) throws(AnalysisError) in
            guard let size = node.attention?.headSize, let branch = branches.first(where: { $0.node == node.name })
            else { return }
            let ranks = Self.ranks(of: node)
            var points: [RankCurve.Point] = []
            for rank in Self.marks(of: ranks) {
                progress(done, total)
                try CancellableWorkers(resources).check()
                var plan = ReusePlan(of: model.graph)
                plan.ranks = [.init(node: node.name, size: size, rank: rank)]
                var trial = try model.applying(plan)
                trial.setQueriesAndKeys(of: node, reductions, rank: rank)
                let fitted = try trial.refitted(branch, sums, resources)
                points.append(.init(rank: rank, difference: try probe.difference(of: fitted)))
                done += 1
            }
            try found(
                RankCurve(
                    node: node.name, size: size, ranks: ranks, local: ranks.map { reductions.lost(at: $0).rounded(8) },
                    points: points))
        }
        progress(total, total)
    }

    /// Ranks that plans may take of a node, descending: whole panels of the kernels where heads are wider than one,
    /// else quarters, which save multiply-adds, not time.
    static func ranks(of node: Node) -> [Int] {
        guard let size = node.attention?.headSize else { return [] }
        let step = size > group ? group : max(1, size / 4)
        return stride(from: (size - 1) / step * step, to: 0, by: -step).map { $0 }
    }

    /// The least rank that plans may take of a node; `nil`: its queries are as narrow as they can be.
    static func least(of node: Node) -> ReusePlan.Rank? {
        guard let size = node.attention?.headSize, let rank = ranks(of: node).last else { return nil }
        return .init(node: node.name, size: size, rank: rank)
    }

    /// Ranks at which the curve is measured: all where they are few, else some from the first to the last.
    private static func marks(of ranks: [Int]) -> [Int] {
        guard ranks.count > mostPoints else { return ranks }
        return (0..<mostPoints).map { ranks[$0 * (ranks.count - 1) / (mostPoints - 1)] }
    }
}
