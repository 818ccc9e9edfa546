import ModelGraph
import Rewriting

/// Queries and keys that become narrower.
struct RankMove: Move {
    static let words: Moves = .ranks

    private let curves: [RankCurve]

    /// - Parameter kept: Attention nodes that stay as they are.
    init(_ analysis: AnalysisDocument, keeping kept: Set<String>) {
        curves = (analysis.ranks ?? []).filter { !kept.contains($0.node) }
    }

    /// Holds an analysis against a graph, and takes out of it what is not allowed.
    ///
    /// - Throws: When it belongs to another model, or did not measure ranks that are allowed.
    static func check(
        _ analysis: inout AnalysisDocument, _ graph: CheckedGraph, _ allowed: Moves
    ) throws(AnalysisError) {
        for curve in analysis.ranks ?? [] where graph.node(named: curve.node)?.attention?.headSize != curve.size {
            throw .mismatch(
                "the analysis is of another model: it knows queries of \(curve.size) columns in \(curve.node)")
        }
        if !allowed.contains(.ranks) {
            analysis.ranks = nil
        } else if analysis.ranks == nil {
            throw .mismatch("the analysis has measured no ranks: analyse again, or leave them out of --allow")
        }
    }

    func ladders() -> [Ladder] {
        curves.map { curve in
            Ladder(
                rungs: zip(zip([curve.size] + curve.ranks, curve.ranks), curve.damages).map {
                    Rung(node: curve.node, indices: Array($0.1..<$0.0), damage: $1)
                }, isEven: true)
        }
    }

    func write(_ taken: [Rung], to plan: inout ReusePlan) {
        let matrices = Set(plan.linear.map(\.node))
        for curve in curves where !matrices.contains(curve.node) {
            let rungs = taken.filter { $0.node == curve.node }
            guard let rank = rungs.flatMap(\.indices).min(),
                plan.layers.contains(where: { layer in
                    layer.node == curve.node && layer.heads.contains { $0.source.isComputed }
                })
            else { continue }
            plan.ranks.append(
                .init(node: curve.node, size: curve.size, rank: rank, damage: rungs.map(\.damage).max()?.rounded(8)))
        }
    }
}
