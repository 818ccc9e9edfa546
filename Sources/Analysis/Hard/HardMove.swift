import ModelGraph
import Plans
import Rewriting

/// Heads that look at one key only: their product with the values becomes a look-up.
struct HardMove: Move {
    static let words: Moves = .hard

    private let curves: [DamageCurve]
    private let firsts: Set<String>

    /// - Parameter kept: Attention nodes that stay as they are.
    init(_ analysis: AnalysisDocument, _ graph: CheckedGraph, keeping kept: Set<String>) {
        curves = (analysis.hard ?? []).filter { !kept.contains($0.node) }
        firsts = graph.firstAttentionNodes
    }

    /// Takes what is not allowed out of an analysis.
    ///
    /// - Throws: When hard heads are allowed and were not measured.
    static func check(_ analysis: inout AnalysisDocument, _ allowed: Moves) throws(AnalysisError) {
        if !allowed.contains(.hard) {
            analysis.hard = nil
        } else if analysis.hard == nil {
            throw .mismatch(
                "the analysis has measured no hard heads: analyse again with hard in --allow, or leave it out")
        }
    }

    func ladders() -> [Ladder] {
        curves.map { curve in
            Ladder(
                rungs: zip(curve.order, curve.damages.dropFirst()).map {
                    Rung(node: curve.node, indices: [$0], damage: $1)
                }, caution: firsts.contains(curve.node) ? HeadMove.firstLayerCaution : 1, isEven: true)
        }
    }

    func write(_ taken: [Rung], to plan: inout ReusePlan) {
        // What others read stays as it was measured; what a head no longer computes cannot be looked up.
        let matrices = Set(plan.linear.map(\.node))
        var read: Set<HeadID> = []
        for case .head(let id) in plan.layers.flatMap(\.heads).flatMap(\.source.terms).map(\.map) { read.insert(id) }
        for rung in taken where !matrices.contains(rung.node) {
            for id in rung.indices.map({ HeadID(node: rung.node, head: $0) })
            where plan[id] == .computed && !read.contains(id) {
                plan.set(.hard, of: id, damage: rung.damage.rounded(8))
            }
        }
    }
}
