import ModelGraph
import Statistics

/// What is summed over the numbers that two models give, output by output.
struct OutputTally {
    /// One output.
    fileprivate struct Output {
        var errors = NumberErrors()
        /// Squared error, squares of the source's numbers and rows of each text.
        var texts: [(error: Double, squares: Double, rows: Double)] = []
        /// Sums of the source's columns, text by text: the variance of a resample needs them. Given up where they
        /// would take too much memory.
        var columnSums: [Double]? = []
    }

    /// Sums of columns that are kept of an output.
    fileprivate static let sumLimit = 1 << 22

    private var outputs: [String: Output] = [:]
    private var order: [String] = []

    /// Adds one item's numbers.
    mutating func add(_ source: [RecordedOutputs.Numbers], _ converted: [RecordedOutputs.Numbers]) {
        for (first, second) in zip(source, converted)
        where first.name == second.name && first.elements.count == second.elements.count && first.rows > 0 {
            if outputs[first.name] == nil { order.append(first.name) }
            outputs[first.name, default: Output()].add(first, second)
        }
    }

    /// The worst of all outputs, and where there are several each one's.
    var measurements: [Measurement] {
        let all = order.compactMap { outputs[$0] }
        guard !all.isEmpty else { return [] }
        let single = all.count < 2
        func measurements(
            _ metric: Metric, _ value: (Output) -> Double, _ rows: (Output) -> [(Double, Double)]?,
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
            .outputRelativeError, \.errors.relativeError, { $0.texts.map { ($0.error, $0.squares) } },
            { ($0 / $1).squareRoot() }, worst: max)
            + measurements(
                .outputR2, { 1 - $0.errors.unexplained }, \.deviations, { 1 - $0 / $1 }, worst: min)
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

extension OutputTally.Output {
    mutating func add(_ source: RecordedOutputs.Numbers, _ converted: RecordedOutputs.Numbers) {
        let width = source.elements.count / source.rows
        let before = errors.squaredError
        source.elements.withUnsafeBufferPointer { first in
            converted.elements.withUnsafeBufferPointer { second in
                for row in 0..<source.rows {
                    let range = row * width..<(row + 1) * width
                    errors.add(source: .init(rebasing: first[range]), other: .init(rebasing: second[range]))
                }
            }
        }
        var sums = [Double](repeating: 0, count: width)
        var squares = 0.0
        for row in 0..<source.rows {
            for column in 0..<width {
                let value = Double(source.elements[row * width + column])
                sums[column] += value
                squares += value * value
            }
        }
        texts.append((errors.squaredError - before, squares, Double(source.rows)))
        if (columnSums?.count ?? 0) + width <= OutputTally.sumLimit {
            columnSums?.append(contentsOf: sums)
        } else {
            columnSums = nil
        }
    }

    /// Squared error of each text, and the squared distances of the source's numbers from their columns' means over
    /// all texts; `nil` where the sums were given up.
    var deviations: [(Double, Double)]? {
        guard let columnSums, !texts.isEmpty else { return nil }
        let width = columnSums.count / texts.count
        let rows = texts.reduce(0) { $0 + $1.rows }
        var means = [Double](repeating: 0, count: width)
        for index in columnSums.indices { means[index % max(width, 1)] += columnSums[index] / rows }
        let size = means.reduce(0) { $0 + $1 * $1 }
        return texts.enumerated().map { index, text in
            let product = (0..<width).reduce(0) { $0 + means[$1] * columnSums[index * width + $1] }
            return (text.error, max(0, text.squares - 2 * product + text.rows * size))
        }
    }
}
