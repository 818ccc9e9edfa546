import Platform

/// The standard normal distribution.
enum NormalDistribution {
    /// Probability of a value below `z`.
    static func probability(below z: Double) -> Double { 0.5 * erfc(-z / 2.0.squareRoot()) }

    /// The value that a share of Student's distribution lie below, by its expansion around the normal one (Fisher and
    /// Cornish): to 1 in 1,000 from four degrees of freedom on, and too small below.
    static func studentQuantile(_ share: Double, freedom: Double) -> Double {
        let z = quantile(share), square = z * z
        let first = z * (square + 1) / 4
        let second = z * ((5 * square + 16) * square + 3) / 96
        let third = z * (((3 * square + 19) * square + 17) * square - 15) / 384
        return z + first / freedom + second / (freedom * freedom) + third / (freedom * freedom * freedom)
    }

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
