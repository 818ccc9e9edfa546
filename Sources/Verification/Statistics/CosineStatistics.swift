/// Mean, minimum and percentiles of cosines, in memory that does not grow with their number.
package struct CosineStatistics: Sendable {
    /// Cosines are counted in bins of this width, so percentiles are exact to it.
    package static let resolution = 1e-5

    private var bins = [UInt32](repeating: 0, count: Int(2 / CosineStatistics.resolution) + 1)
    private var sum = 0.0
    package private(set) var count = 0
    /// The smallest; 1 before the first.
    package private(set) var minimum = 1.0
    private var isBroken = false

    package init() {}

    /// Counts one. A value that is no number makes all results NaN.
    package mutating func add(_ cosine: Double) {
        guard cosine.isFinite else {
            isBroken = true
            return
        }
        let bounded = min(1, max(-1, cosine))
        sum += bounded
        count += 1
        minimum = min(minimum, bounded)
        bins[Int((bounded + 1) / Self.resolution)] += 1
    }

    /// NaN when nothing was counted.
    package var mean: Double { isBroken || count == 0 ? .nan : sum / Double(count) }

    /// The value below which a share of all lies.
    package func percentile(_ share: Double) -> Double {
        guard !isBroken, count > 0 else { return .nan }
        let wanted = max(1, Int((share * Double(count)).rounded(.up)))
        var seen = 0
        for (index, number) in bins.enumerated() where number > 0 {
            seen += Int(number)
            if seen >= wanted { return max(minimum, Double(index) * Self.resolution - 1) }
        }
        return 1
    }
}
