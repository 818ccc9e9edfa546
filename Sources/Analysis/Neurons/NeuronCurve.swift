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
        var result = [0.0]
        var removed = [0]
        for group in order { removed.append(removed[removed.count - 1] + group.count) }
        var last = (neurons: 0, damage: 0.0)
        for point in points where point.neurons > last.neurons {
            let damage = max(last.damage, point.difference.damage)
            while result.count < removed.count, removed[result.count] <= point.neurons {
                let share = Double(removed[result.count] - last.neurons) / Double(point.neurons - last.neurons)
                result.append(last.damage + share * (damage - last.damage))
            }
            last = (point.neurons, damage)
        }
        return result
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
