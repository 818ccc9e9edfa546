import Platform

/// How much each observation moves Spearman's rank correlation: its first-order expansion (the influence function),
/// with which texts can be resampled without ranking all pairs again a thousand times.
package struct SpearmanInfluence: Sendable {
    /// The correlation.
    package let coefficient: Double
    /// One number an observation; they sum up to nothing.
    package let influences: [Double]

    /// - Returns: `nil` where there is no correlation.
    /// - Complexity: O(n log n).
    package init?(_ a: [Double], _ b: [Double]) {
        guard a.count == b.count, a.allSatisfy(\.isFinite), b.allSatisfy(\.isFinite) else { return nil }
        let n = Double(a.count)
        let u = RankCorrelation.ranks(a).map { ($0 + 0.5) / n }, v = RankCorrelation.ranks(b).map { ($0 + 0.5) / n }
        // Pearson's over ranks: what RankCorrelation.spearman gives.
        guard let coefficient = correlation(u, v) else { return nil }
        let above = Self.means(of: v, above: u), beside = Self.means(of: u, above: v)
        var influences = u.indices.map { 12 * (u[$0] * v[$0] + above[$0] + beside[$0]) }
        // Ties, and ranks that are no integrals, leave a little.
        let mean = influences.reduce(0, +) / n
        for index in influences.indices { influences[index] -= mean }
        self.coefficient = coefficient
        self.influences = influences
    }

    /// For each observation the sum of `values` over those with a larger key, half of it for equal ones, by their
    /// number.
    private static func means(of values: [Double], above keys: [Double]) -> [Double] {
        let order = keys.indices.sorted { keys[$0] > keys[$1] }
        var result = [Double](repeating: 0, count: keys.count)
        var sum = 0.0
        var start = 0
        while start < order.count {
            var end = start, ties = 0.0
            while end < order.count, keys[order[end]] == keys[order[start]] {
                ties += values[order[end]]
                end += 1
            }
            for index in order[start..<end] { result[index] = (sum + ties / 2) / Double(keys.count) }
            sum += ties
            start = end
        }
        return result
    }

    /// The interval when the observations themselves are drawn.
    package var interval: Interval? {
        var sums = TextSums(columns: 2)
        for influence in influences { sums.add([influence, 1]) }
        return interval(of: sums)
    }

    /// The interval when what the observations are pairs of is drawn.
    ///
    /// - Parameters:
    ///   - pairs: The two texts of each observation.
    ///   - texts: Number of texts.
    package func interval(ofPairs pairs: [(Int, Int)], texts: Int) -> Interval? {
        guard pairs.count == influences.count, !pairs.isEmpty else { return nil }
        var ofText = [Double](repeating: 0, count: texts)
        for (pair, influence) in zip(pairs, influences) {
            ofText[pair.0] += influence
            ofText[pair.1] += influence
        }
        var sums = TextSums(columns: 2)
        for influence in ofText { sums.add([influence * Double(texts) / Double(pairs.count), 1]) }
        return interval(of: sums)
    }

    private func interval(of sums: TextSums) -> Interval? {
        let resampled = Bootstrap.interval(of: sums) { coefficient + $0[0] / $0[1] }?.limited(to: -1...1)
        guard sums.rows < Self.fewTexts else { return resampled }
        // Orders of a few texts are easily all right, in every resample too: at least as wide as Fisher's interval.
        guard sums.rows > 3, let resampled else { return nil }
        let n = Double(sums.rows), bound = 1 - 1 / (n * n)
        let half = NormalDistribution.quantile((1 + Interval.confidence) / 2) / (n - 3).squareRoot()
        let lower = tanh(atanh(min(max(coefficient, -bound), bound)) - half)
        let upper = tanh(atanh(min(max(coefficient, -bound), bound)) + half)
        return Interval(min(resampled.lower, lower), max(resampled.upper, coefficient >= bound ? coefficient : upper))
    }

    /// Below so many texts resampling is too sure of an order.
    private static let fewTexts = 20
}
