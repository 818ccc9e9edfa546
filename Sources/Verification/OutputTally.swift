import ModelGraph
import Statistics

/// What is summed over the numbers that two models give, output by output.
struct OutputTally {
    private var outputs: [String: ItemErrors] = [:]
    private var order: [String] = []

    /// Adds one item's numbers.
    mutating func add(_ source: [RecordedOutputs.Numbers], _ converted: [RecordedOutputs.Numbers]) {
        for (first, second) in zip(source, converted)
        where first.name == second.name && first.elements.count == second.elements.count && first.rows > 0 {
            if outputs[first.name] == nil { order.append(first.name) }
            outputs[first.name, default: ItemErrors()].add(
                source: first.elements, other: second.elements, rows: first.rows)
        }
    }

    /// The worst of all outputs, and where there are several each one's.
    var measurements: [Measurement] {
        let all = order.compactMap { outputs[$0] }
        guard !all.isEmpty else { return [] }
        let single = all.count < 2
        func measurements(
            _ metric: Metric, _ value: (ItemErrors) -> Double, _ rows: (ItemErrors) -> [(Double, Double)]?,
            _ statistic: @escaping (Double, Double) -> Double, worst: @escaping (Double, Double) -> Double
        ) -> [Measurement] {
            let values = all.map(value), parts = all.map(rows)
            // A value that is no number is the worst.
            let overall = values.contains(where: \.isNaN) ? .nan : values.dropFirst().reduce(values[0], worst)
            func interval(_ parts: [[(Double, Double)]?]) -> Interval? {
                Self.interval(of: parts.compactMap(\.self), wanted: parts.count, statistic, worst: worst)
            }
            return [Measurement(metric, overall, interval: interval(parts))]
                + (single
                    ? []
                    : zip(order, zip(values, parts)).map {
                        Measurement(metric, $1.0, output: $0, interval: interval([$1.1]))
                    })
        }
        return measurements(
            .outputRelativeError, { $0.total.relativeError }, { $0.relative }, { ($0 / $1).squareRoot() }, worst: max)
            + measurements(
                .outputR2, { 1 - $0.total.unexplained }, { $0.deviations }, { 1 - $0 / $1 }, worst: min)
    }

    /// The interval of the worst of several outputs' ratios of sums.
    private static func interval(
        of outputs: [[(Double, Double)]], wanted: Int, _ statistic: (Double, Double) -> Double,
        worst: (Double, Double) -> Double
    ) -> Interval? {
        guard outputs.count == wanted, let texts = outputs.first?.count, outputs.allSatisfy({ $0.count == texts })
        else { return nil }
        var sums = TextSums(columns: 2 * wanted)
        for text in 0..<texts { sums.add(outputs.flatMap { [$0[text].0, $0[text].1] }) }
        return Bootstrap.interval(of: sums) { totals in
            (1..<wanted).reduce(statistic(totals[0], totals[1])) {
                worst($0, statistic(totals[2 * $1], totals[2 * $1 + 1]))
            }
        }
    }
}
