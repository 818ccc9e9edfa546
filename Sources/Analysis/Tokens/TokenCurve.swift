import ModelGraph
import Rewriting

/// What merging more and more tokens of each layer does to the model's output.
package struct TokenCurve: Sendable, Hashable, Codable {
    /// One measured point.
    package struct Point: Sendable, Hashable, Codable {
        /// Share of a sequence's tokens that are merged behind each of the nodes, in parts of `TokenCurve.parts`.
        package var share: Int
        /// The rewrite's difference from the source.
        package var difference: OutputDifference

        package init(share: Int, difference: OutputDifference) {
            self.share = share
            self.difference = difference
        }
    }

    /// Shares are counted in parts of so many.
    package static let parts = 64
    /// The largest share of a layer, in parts.
    package static let largestShare = 16

    /// Attention nodes behind which tokens may be merged, in execution order; empty where the model does not allow it.
    package let nodes: [String]
    /// Measured points, smallest shares first.
    package let points: [Point]

    package init(nodes: [String], points: [Point]) {
        self.nodes = nodes
        self.points = points
    }

    /// Damage at shares 0, 1, 2 … , straight lines between the measured points; never falling.
    package var damages: [Double] {
        let points = points.map { (place: $0.share, damage: $0.difference.damage) }
        return [0] + DamageLine.damages(at: 1..<1 + (points.last?.place ?? 0), between: points)
    }

    /// The section of a plan that merges a share of the tokens behind some nodes.
    static func section(
        _ nodes: some Sequence<String>, share: Int, damage: Double? = nil
    ) -> [ReusePlan.Tokens] {
        nodes.map { .init(node: $0, amount: .share(Double(share) / Double(parts)), damage: damage) }
    }

    /// Whether a reader can rely on it.
    var isSound: Bool {
        zip(points, points.dropFirst()).allSatisfy { $0.share < $1.share }
            && points.allSatisfy { (1...Self.parts / 2).contains($0.share) } && Set(nodes).count == nodes.count
    }
}
