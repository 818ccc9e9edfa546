import ModelGraph
import Rewriting

/// What narrower and narrower queries and keys of one attention node do to the model's output.
package struct RankCurve: Sendable, Hashable, Codable {
    /// One measured point.
    package struct Point: Sendable, Hashable, Codable {
        /// Columns that are left of a head's query and key.
        package var rank: Int
        /// The rewrite's difference from the source, the output projection refitted.
        package var difference: OutputDifference
    }

    /// Name of the attention node.
    package let node: String
    /// Columns of a head's query and key.
    package let size: Int
    /// Ranks that plans take, descending.
    package let ranks: [Int]
    /// Local damage at each of `ranks`: the share of the energy of the scores that is lost.
    package let local: [Double]
    /// Measured points, the highest rank first.
    package let points: [Point]

    package init(node: String, size: Int, ranks: [Int], local: [Double], points: [Point]) {
        self.node = node
        self.size = size
        self.ranks = ranks
        self.local = local
        self.points = points
    }

    /// Damage at each of `ranks`, straight lines between the measured points; never falling.
    package var damages: [Double] {
        DamageLine.damages(
            at: ranks.map { size - $0 },
            between: points.map { (place: size - $0.rank, damage: $0.difference.damage) })
    }

    /// Whether a reader can rely on it.
    var isSound: Bool {
        func descends(_ values: [Int]) -> Bool {
            zip([size] + values, values).allSatisfy { $0 > $1 } && (values.last ?? 1) > 0
        }
        return size <= GraphLimit.extent && local.count == ranks.count && descends(ranks)
            && descends(points.map(\.rank))
    }
}
