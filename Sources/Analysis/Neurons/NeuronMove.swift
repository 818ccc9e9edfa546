import JSON
import ModelGraph
import Rewriting

/// Neurons of feed-forward parts that are left out.
struct NeuronMove: Move {
    static let words: Moves = .neurons

    private let curves: [NeuronCurve]

    /// - Parameter kept: Parts that stay whole, by the node of their last matrix.
    init(_ analysis: AnalysisDocument, keeping kept: Set<String>) {
        curves = (analysis.neurons ?? []).filter { !kept.contains($0.node) }
    }

    func ladders() -> [Ladder] {
        curves.map { curve in
            Ladder(
                rungs: zip(curve.order, curve.damages.dropFirst()).map {
                    Rung(node: curve.node, indices: $0.indices, damage: $1)
                }, isEven: true)
        }
    }

    func write(_ taken: [Rung], to plan: inout ReusePlan) {
        var removed: [String: Set<Int>] = [:]
        var damages: [String: Double] = [:]
        for rung in taken {
            removed[rung.node, default: []].formUnion(rung.indices)
            damages[rung.node] = rung.damage
        }
        for curve in curves {
            guard let gone = removed[curve.node] else { continue }
            plan.neurons.append(
                .init(
                    node: curve.node, width: curve.width,
                    kept: IndexList((0..<curve.width).filter { !gone.contains($0) }),
                    damage: damages[curve.node]?.rounded(8)))
        }
    }
}
