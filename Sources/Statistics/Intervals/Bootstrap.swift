import Platform

/// Intervals by resampling texts with replacement, always with the same draws: the same measurements give the same
/// interval, and two models measured on the same texts see the same resamples.
package enum Bootstrap {
    /// Resamples of an interval.
    package static let resamples = 1000
    /// Where the draws begin.
    package static let seed: UInt64 = 0xB007
    /// Texts that may all be alike and still tell something.
    private static let fewest = 10
    /// Share of resamples that must give a number.
    private static let usable = 0.9

    /// The bias-corrected and accelerated interval (BCa; Efron 1987) of a statistic of sums over texts.
    ///
    /// Percentiles of the resamples, moved by how far their median lies from the estimate and by how much the spread
    /// changes with it (from leaving out one text after the other): means of skewed numbers, such as divergences of
    /// which a few texts have the most, would be covered too seldom by plain percentiles.
    ///
    /// - Parameter statistic: The number, from sums in the order of the columns.
    /// - Returns: `nil` for fewer than two texts, and where many resamples give no number.
    /// - Complexity: `resamples` times rows times columns additions.
    package static func interval(
        of sums: TextSums, _ statistic: (UnsafeBufferPointer<Double>) -> Double
    ) -> Interval? {
        let rows = sums.rows
        guard rows > 1 else { return nil }
        let totals = sums.totals
        let estimate = totals.withUnsafeBufferPointer(statistic)
        guard estimate.isFinite else { return nil }
        var values = replicates(of: sums, statistic).filter(\.isFinite)
        guard Double(values.count) >= usable * Double(resamples) else { return nil }
        values.sort()
        // A few texts that are all alike say nothing about others.
        if rows < fewest, values.first == values.last { return nil }
        let tails = tails(texts: rows)
        let moved = Correction(estimate: estimate, sorted: values, leftOut: leavingOut(sums, totals, statistic))
        return Interval(
            percentile(moved?.share(tails.0) ?? tails.0, ofSorted: values),
            percentile(moved?.share(tails.1) ?? tails.1, ofSorted: values))
    }

    /// Shares of resamples that lie below the ends of an interval.
    ///
    /// Resamples of few texts vary less than such texts do, by (n − 1) / n, and know their own spread as little as
    /// Student's distribution says: the tails are smaller than 2½ in 100 (expanded percentiles; Hesterberg 2015).
    package static func tails(texts: Int) -> (Double, Double) {
        let n = Double(max(texts, 2))
        let z = NormalDistribution.studentQuantile((1 + Interval.confidence) / 2, freedom: n - 1)
        let upper = NormalDistribution.probability(below: z * (n / (n - 1)).squareRoot())
        return (1 - upper, upper)
    }

    /// The statistic of each resample.
    private static func replicates(
        of sums: TextSums, _ statistic: (UnsafeBufferPointer<Double>) -> Double
    ) -> [Double] {
        let rows = sums.rows, columns = sums.columns
        var random = SplitMix(seed: seed)
        var resampled = [Double](repeating: 0, count: columns)
        return sums.elements.withUnsafeBufferPointer { elements in
            (0..<resamples).map { _ in
                resampled.withUnsafeMutableBufferPointer { sum in
                    sum.update(repeating: 0)
                    for _ in 0..<rows {
                        let start = random.next(below: rows) &* columns
                        for column in 0..<columns { sum[column] += elements[start &+ column] }
                    }
                    return statistic(UnsafeBufferPointer(sum))
                }
            }
        }
    }

    /// The statistic without each row.
    private static func leavingOut(
        _ sums: TextSums, _ totals: [Double], _ statistic: (UnsafeBufferPointer<Double>) -> Double
    ) -> [Double] {
        var rest = totals
        return (0..<sums.rows).map { row in
            for column in 0..<sums.columns {
                rest[column] = totals[column] - sums.elements[row * sums.columns + column]
            }
            return rest.withUnsafeBufferPointer(statistic)
        }
    }

    /// The value that a share of sorted values lie below, straight lines between neighbours.
    package static func percentile(_ share: Double, ofSorted values: [Double]) -> Double {
        guard !values.isEmpty else { return .nan }
        let place = min(max(share, 0), 1) * Double(values.count - 1)
        let index = min(Int(place), values.count - 1)
        guard index + 1 < values.count else { return values[index] }
        return values[index] + (place - Double(index)) * (values[index + 1] - values[index])
    }

    /// How percentiles are moved.
    private struct Correction {
        let bias: Double
        let acceleration: Double

        /// - Returns: `nil` where nothing varies, or all resamples lie on one side of the estimate.
        init?(estimate: Double, sorted values: [Double], leftOut: [Double]) {
            let below = values.count { $0 < estimate }, equal = values.count { $0 == estimate }
            let share = (Double(below) + 0.5 * Double(equal)) / Double(values.count)
            guard share > 0, share < 1, leftOut.allSatisfy(\.isFinite) else { return nil }
            let mean = leftOut.reduce(0, +) / Double(leftOut.count)
            let cubes = leftOut.reduce(0) { $0 + (mean - $1) * (mean - $1) * (mean - $1) }
            let squares = leftOut.reduce(0) { $0 + (mean - $1) * (mean - $1) }
            guard squares > 0 else { return nil }
            bias = NormalDistribution.quantile(share)
            acceleration = cubes / (6 * squares * squares.squareRoot())
        }

        /// The share to look up in place of `tail`; `nil` where the formula breaks down.
        func share(_ tail: Double) -> Double? {
            let z = bias + NormalDistribution.quantile(tail)
            let divisor = 1 - acceleration * z
            return divisor > 0 ? NormalDistribution.probability(below: bias + z / divisor) : nil
        }
    }
}
