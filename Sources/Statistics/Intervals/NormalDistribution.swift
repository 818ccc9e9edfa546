import Platform

/// The standard normal distribution.
enum NormalDistribution {
    /// Probability of a value below `z`.
    static func probability(below z: Double) -> Double { 0.5 * erfc(-z / 2.0.squareRoot()) }

    /// The value that a share of all lie below; found by halving, for it is asked for three times an interval.
    ///
    /// - Parameter share: Above 0 and below 1.
    static func quantile(_ share: Double) -> Double {
        var low = -40.0, high = 40.0
        for _ in 0..<200 {
            let middle = (low + high) / 2
            if probability(below: middle) < share { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}
