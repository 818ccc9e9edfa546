import ModelGraph
import Plans
import Rewriting
import Runtime

/// Merges more and more tokens behind all attention nodes that allow it, and measures the damage at the output.
struct TokenPass {
    /// Shares that are measured, in parts of `TokenCurve.parts`.
    static let shares = [1, 2, 4, 6, 8, 12, 16]

    let curve: TokenCurve

    init(_ model: Model, probe: OutputProbe, resources: ExecutionResources) throws(AnalysisError) {
        let nodes = model.graph.mergeableNodes
        var points: [TokenCurve.Point] = []
        for share in Self.shares where !nodes.isEmpty {
            try CancellableWorkers(resources).check()
            let merged = try model.mergingTokens(TokenCurve.section(nodes, share: share))
            points.append(.init(share: share, difference: try probe.difference(of: merged)))
        }
        curve = TokenCurve(nodes: nodes, points: points)
    }
}
