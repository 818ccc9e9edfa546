/// Deals pieces of an analysis out to shards so that the dearest shard is as cheap as can be.
///
/// Two deals are begun, the dearest piece first and neighbours together, whose pieces share passes of the model; both
/// are improved by moving and exchanging pieces, and the better one is taken.
struct PieceDealing {
    private let costs: AnalysisCosts
    private let units: [AnalysisUnit]
    private let weights: [Double]
    private let count: Int

    /// - Parameter count: Shards, no more than there are pieces.
    init(_ costs: AnalysisCosts, _ units: [AnalysisUnit], count: Int) {
        self.costs = costs
        self.units = units
        self.count = count
        weights = units.map { costs.own($0).weight }
    }

    /// The pieces of each shard, by their index.
    var best: [[Int]] {
        let deals = [dearestFirst, inOrder].map(improved)
        let dearest = deals.map { $0.map(cost).max() ?? 0 }
        return dearest[1] < dearest[0] ? deals[1] : deals[0]
    }

    private func cost(_ shard: [Int]) -> Double {
        shard.reduce(costs.shared(shard.map { units[$0] }).weight) { $0 + weights[$1] }
    }

    /// Each to the shard that is done soonest with it.
    private var dearestFirst: [[Int]] {
        var shards = [[Int]](repeating: [], count: count)
        for index in units.indices.sorted(by: { (-weights[$0], $0) < (-weights[$1], $1) }) {
            let costs = shards.map { cost($0 + [index]) }
            shards[costs.indices.min { (costs[$0], $0) < (costs[$1], $1) } ?? 0].append(index)
        }
        return shards
    }

    private var inOrder: [[Int]] {
        var shards = [[Int]](repeating: [], count: count), before = 0.0
        let whole = max(weights.reduce(0, +), 1)
        for (index, own) in weights.enumerated() {
            shards[min(count - 1, Int((before + own / 2) / whole * Double(count)))].append(index)
            before += own
        }
        return shards
    }

    /// A step that makes the dearest shard cheaper.
    private struct Exchange {
        let other: Int
        let first, second: [Int]
        let costs: (first: Double, second: Double)

        var dearest: Double { max(costs.first, costs.second) }
    }

    /// Moves and exchanges between the dearest shard and another, as long as both get cheaper than it.
    private func improved(_ start: [[Int]]) -> [[Int]] {
        var shards = start, totals = start.map(cost)
        for _ in 0..<4 * units.count {
            guard let worst = totals.indices.max(by: { (totals[$0], -$0) < (totals[$1], -$1) }),
                let step = exchange(out: worst, of: shards, below: totals[worst])
            else { break }
            (shards[worst], shards[step.other]) = (step.first, step.second)
            (totals[worst], totals[step.other]) = (step.costs.first, step.costs.second)
        }
        return shards
    }

    private func exchange(out worst: Int, of shards: [[Int]], below limit: Double) -> Exchange? {
        var best: Exchange?
        for other in shards.indices where other != worst {
            for mine in shards[worst] {
                for theirs in [nil] + shards[other].map(Optional.some) {
                    let first = shards[worst].filter { $0 != mine } + (theirs.map { [$0] } ?? [])
                    let second = shards[other].filter { $0 != theirs } + [mine]
                    let found = Exchange(
                        other: other, first: first, second: second, costs: (cost(first), cost(second)))
                    if found.dearest < (best?.dearest ?? limit) * (1 - 1e-9) { best = found }
                }
            }
        }
        return best
    }
}
