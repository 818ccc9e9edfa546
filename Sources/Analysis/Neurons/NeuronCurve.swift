import JSON
import ModelGraph
import Rewriting

/// What leaving out more and more neurons of one feed-forward part does to the model's output.
package struct NeuronCurve: Sendable, Hashable, Codable {
    /// One measured point.
    package struct Point: Sendable, Hashable, Codable {
        /// Neurons left out, the first of `order`.
        package var neurons: Int
        /// The rewrite's difference from the source, the last matrix refitted.
        package var difference: OutputDifference
    }

    /// The part, by the node of its last matrix.
    package let node: String
    /// Its neurons.
    package let width: Int
    /// Neurons in the order in which they are left out, as many at a time as plans take: what kernels multiply at once.
    package let order: [IndexList]
    /// Local damage after each of `order`: the share of the part's output that no refit explains.
    package let local: [Double]
    /// Measured points, fewest neurons first.
    package let points: [Point]

    package init(node: String, width: Int, order: [IndexList], local: [Double], points: [Point]) {
        self.node = node
        self.width = width
        self.order = order
        self.local = local
        self.points = points
    }

    /// Damage with 0, 1, 2 … of `order` left out, straight lines between the measured points; never falling.
    package var damages: [Double] {
        var removed = 0
        let places = order.map { group in
            removed += group.count
            return removed
        }
        return [0]
            + DamageLine.damages(
                at: places, between: points.map { (place: $0.neurons, damage: $0.difference.damage) })
    }

    /// Whether a reader can rely on it.
    var isSound: Bool {
        let ranges = order.flatMap(\.ranges).sorted { $0.lowerBound < $1.lowerBound }
        let removed = order.reduce(0) { $0 + $1.count }
        return (1...IndexList.largest).contains(width) && local.count == order.count && removed < width
            && ranges.allSatisfy { $0.upperBound < width } && order.allSatisfy { $0.count > 0 }
            && zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound }
            && zip(points, points.dropFirst()).allSatisfy { $0.neurons < $1.neurons }
            && points.allSatisfy { $0.neurons > 0 && $0.neurons <= removed }
    }
}
