import Platform

/// Logarithms of the probabilities that a row of logits stands for.
package struct LogProbabilities {
    package let values: [Double]

    package init(logits: some Collection<Float>) {
        let peak = Double(logits.max() ?? 0)
        let total = logits.reduce(0.0) { $0 + exp(Double($1) - peak) }
        let offset = peak + log(total)
        values = logits.map { Double($0) - offset }
    }

    /// The logarithm of one probability alone.
    package static func value(of index: Int, in logits: some RandomAccessCollection<Float>) -> Double {
        let peak = Double(logits.max() ?? 0)
        let total = logits.reduce(0.0) { $0 + exp(Double($1) - peak) }
        return Double(logits[logits.index(logits.startIndex, offsetBy: index)]) - peak - log(total)
    }

    /// Kullback–Leibler divergence KL(self ‖ other), in nats.
    package func divergence(from other: LogProbabilities) -> Double {
        var sum = 0.0
        for index in 0..<min(values.count, other.values.count) where values[index] > -.infinity {
            // A probability of zero contributes nothing, whatever the other says.
            sum += exp(values[index]) * (values[index] - other.values[index])
        }
        return sum
    }

    /// Index of the most likely class, the first of equals.
    package var best: Int {
        values.indices.reduce(0) { values[$1] > values[$0] ? $1 : $0 }
    }
}

/// A mean that is built up value by value.
package struct RunningMean {
    package private(set) var sum = 0.0
    package private(set) var count = 0

    package init() {}

    package mutating func add(_ value: Double) {
        sum += value
        count += 1
    }

    /// `nil` when nothing was added.
    package var mean: Double? { count == 0 ? nil : sum / Double(count) }
}
