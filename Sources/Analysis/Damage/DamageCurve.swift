import ModelGraph
import Rewriting
import Statistics

/// What replacing more and more heads of one attention node does to the model's output.
package struct DamageCurve: Sendable, Hashable, Codable {
    /// One measured point.
    package struct Point: Sendable, Hashable, Codable {
        /// Heads replaced, the cheapest ones first.
        package var heads: Int
        /// The rewrite's difference from the source.
        package var difference: OutputDifference

        package init(heads: Int, difference: OutputDifference) {
            self.heads = heads
            self.difference = difference
        }
    }

    /// Name of the attention node.
    package let node: String
    /// The node's heads in the order in which they are replaced.
    package let order: [Int]
    /// Local damage of each head of `order` when its turn came: the share of the energy of all contexts of the node
    /// that the best blend leaves unexplained.
    package let local: [Double]
    /// Measured points, fewest heads first.
    package let points: [Point]

    package init(node: String, order: [Int], local: [Double], points: [Point]) {
        self.node = node
        self.order = order
        self.local = local
        self.points = points
    }

    /// Damage with 0, 1, 2 … heads replaced, straight lines between the measured points; never falling.
    package var damages: [Double] {
        let points = points.map { (place: $0.heads, damage: $0.difference.damage) }
        return [0] + DamageLine.damages(at: 1..<1 + (points.last?.place ?? 0), between: points)
    }
}

/// The order in which a node's heads are given up, by local damage, when everything else still computes.
struct ReplacementOrder {
    let heads: [Int]
    let local: [Double]

    /// - Parameter most: Heads that may be given up.
    init(_ candidates: [HeadCandidates], most: Int, moves: Moves, _ workers: CancellableWorkers) throws(AnalysisError) {
        var replaced: Set<HeadID> = []
        var heads: [Int] = []
        var local: [Double] = []
        let total = max(candidates.reduce(0) { $0 + $1.energy }, .leastNormalMagnitude)
        while heads.count < most {
            try workers.check()
            var best: (damage: Double, head: HeadID)?
            for head in candidates where !replaced.contains(head.id) {
                let replacement = head.replacement(moves: moves, isAvailable: { !replaced.contains($0) })
                guard let damage = replacement?.damage else { continue }
                if best.map({ damage < $0.damage }) ?? true { best = (damage, head.id) }
            }
            guard let best else { break }
            replaced.insert(best.head)
            heads.append(best.head.head)
            local.append((best.damage / total).rounded(8))
        }
        self.heads = heads
        self.local = local
    }
}
