import ModelGraph
import Platform
import Rewriting
import Runtime

/// End-to-end damage: for each attention node, the output's error when its cheapest heads are replaced and its output
/// projection is refitted.
enum CurvePass {
    /// Tokens that each refit learns from.
    static let sampleTokens = 16384
    /// Shares of a node's heads at which its curve is measured.
    static let shares = [0.25, 0.5, 0.75, 1]
    /// Bytes of the source's activations that are kept.
    static let keptBytes = 640 << 20

    /// - Parameters:
    ///   - wanted: The attention nodes that are measured; what is found for one does not depend on the others.
    ///   - found: Called with each curve as soon as it is measured.
    static func run(
        _ model: Model, of wanted: Set<String>, candidates: [HeadCandidates], sums: SourceSums, probe: OutputProbe,
        moves: Moves, resources: ExecutionResources,
        progress: (Int, Int) -> Void, found: (DamageCurve) throws(AnalysisError) -> Void
    ) throws(AnalysisError) {
        let branches = model.graph.branches.filter { $0.isAttention && wanted.contains($0.node) }
        let limits = model.graph.replaceableHeads
        let total = branches.count * Self.shares.count
        for (index, branch) in branches.enumerated() {
            let own = candidates.filter { $0.id.node == branch.node }
            let order = try ReplacementOrder(
                own, most: limits[branch.node] ?? 0, moves: moves, CancellableWorkers(resources))
            var points: [DamageCurve.Point] = []
            for (step, share) in Self.shares.enumerated() {
                progress(index * Self.shares.count + step, total)
                let heads = Int((share * Double(order.heads.count)).rounded())
                guard heads > (points.last?.heads ?? 0) else { continue }
                let replaced = Set(order.heads.prefix(heads).map { HeadID(node: branch.node, head: $0) })
                let trial = try model.trial(replacing: replaced, candidates: own, moves: moves)
                points.append(
                    .init(
                        heads: heads,
                        difference: try probe.difference(of: try trial.refitted(branch, sums, resources))))
            }
            try found(DamageCurve(node: branch.node, order: order.heads, local: order.local, points: points))
        }
        progress(total, total)
    }
}

extension CheckedGraph {
    /// Names of the attention nodes that stand first in their stacks.
    package var firstAttentionNodes: Set<String> {
        var seen: Set<MapKind> = []
        return Set(graph.attentionNodes.filter { seen.insert(MapKind($0, shapes)).inserted }.map(\.name))
    }

    /// Heads of each attention node that may be replaced: all that compute, but one in the first node of a stack, and
    /// none of those whose queries are normed together.
    package var replaceableHeads: [String: Int] {
        let firsts = firstAttentionNodes
        return graph.attentionNodes.reduce(into: [:]) { result, node in
            // Heads that are normed together are not replaced one by one.
            let isJoint = node.attention?.headNorm?.isJoint == true
            result[node.name] = max(
                0, (isJoint ? 0 : node.attention?.computedHeads.count ?? 0) - (firsts.contains(node.name) ? 1 : 0))
        }
    }
}

extension Model {
    /// The model with some heads of one node replaced by their best sources.
    fileprivate func trial(
        replacing heads: Set<HeadID>, candidates: [HeadCandidates], moves: Moves
    ) throws(AnalysisError) -> Model {
        var plan = ReusePlan(of: graph)
        for candidate in candidates where heads.contains(candidate.id) {
            let replacement = candidate.replacement(moves: moves, isAvailable: { !heads.contains($0) })
            guard let source = replacement?.source else { continue }
            plan.set(source, of: candidate.id)
        }
        return try applying(plan)
    }

    func refitted(
        _ branch: Branch, _ source: SourceSums, _ resources: ExecutionResources
    ) throws(AnalysisError) -> Model {
        guard canRefit(branch) else { return self }
        let rows = try BranchRows(branch, source: source, rewritten: self, resources: resources)
        guard let fit = try rows.fit(prior: try weight(of: branch)) else { return self }
        return try replacing(branch, by: fit)
    }
}

extension ReusePlan {
    /// Sets the source of a head, if the plan has it.
    package mutating func set(_ source: HeadSource, of id: HeadID, similarity: Double? = nil, damage: Double? = nil) {
        guard let layer = layers.firstIndex(where: { $0.node == id.node }),
            layers[layer].heads.indices.contains(id.head)
        else { return }
        layers[layer].heads[id.head] = Head(source: source, similarity: similarity, damage: damage)
    }
}
