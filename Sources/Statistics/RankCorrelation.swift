/// Correlation of orders.
package enum RankCorrelation {
    /// Spearman's coefficient: Pearson's over ranks, equal values sharing the mean of their ranks.
    ///
    /// - Returns: NaN for fewer than two values, for lists of different length, and where one list is constant.
    /// - Complexity: O(n log n).
    package static func spearman(_ a: [Double], _ b: [Double]) -> Double {
        guard a.count == b.count, a.count > 1, a.allSatisfy(\.isFinite), b.allSatisfy(\.isFinite) else { return .nan }
        let x = ranks(a), y = ranks(b)
        // Ranks, ties shared, always have the mean (n − 1) / 2.
        let mean = Double(a.count - 1) / 2
        var covariance = 0.0, first = 0.0, second = 0.0
        for (p, q) in zip(x, y) {
            covariance += (p - mean) * (q - mean)
            first += (p - mean) * (p - mean)
            second += (q - mean) * (q - mean)
        }
        guard first > 0, second > 0 else { return .nan }
        return covariance / (first.squareRoot() * second.squareRoot())
    }

    /// Ranks from 0, equal values sharing the mean of theirs.
    package static func ranks(_ values: [Double]) -> [Double] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var ranks = [Double](repeating: 0, count: values.count)
        var start = 0
        while start < order.count {
            var end = start + 1
            while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
            let shared = Double(start + end - 1) / 2
            for index in order[start..<end] { ranks[index] = shared }
            start = end
        }
        return ranks
    }
}
