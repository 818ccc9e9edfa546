import Platform

/// How many times as fast one model is as another, from rounds in which both took a turn.
///
/// The ratio is that of the two median times, the times that are shown beside it, so that no reader who divides them
/// finds another number. How far it is to be trusted says an interval: rounds are drawn again with replacement, both
/// times of a round together, so that what slowed the machine in a round slows both models.
package struct SpeedRatio: Sendable, Hashable {
    /// Median time of the first model by that of the second: above 1 the second is faster.
    package let value: Double
    /// Ends of the interval that holds 95 of 100 ratios of rounds drawn again.
    package let low: Double
    package let high: Double

    /// Draws of the bootstrap.
    private static let draws = 400

    /// - Parameters:
    ///   - first: Seconds of the first model, one entry a round.
    ///   - second: Seconds of the second model in the same rounds.
    package init(_ first: [Double], _ second: [Double]) {
        let rounds = min(first.count, second.count)
        let ratio = Self.median(first) / Self.median(second)
        value = ratio
        guard rounds > 1, ratio.isFinite else {
            (low, high) = (ratio, ratio)
            return
        }
        var random = SplitMix(seed: 11)
        var ratios: [Double] = []
        for _ in 0..<Self.draws {
            let drawn = (0..<rounds).map { _ in random.next(below: rounds) }
            ratios.append(Self.median(drawn.map { first[$0] }) / Self.median(drawn.map { second[$0] }))
        }
        ratios.sort()
        // The ratio itself always lies within.
        low = min(ratio, ratios[Self.draws / 40])
        high = max(ratio, ratios[Self.draws - 1 - Self.draws / 40])
    }

    /// Median of some times; not a number where there is none.
    package static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .nan }
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }
}
