import ModelGraph
import Statistics

/// What is summed over the numbers that two models give, output by output.
struct OutputTally {
    private var errors: [String: NumberErrors] = [:]
    private var order: [String] = []

    /// Adds one item's numbers.
    mutating func add(_ source: [RecordedOutputs.Numbers], _ converted: [RecordedOutputs.Numbers]) {
        for (first, second) in zip(source, converted)
        where first.name == second.name && first.elements.count == second.elements.count && first.rows > 0 {
            if errors[first.name] == nil { order.append(first.name) }
            let width = first.elements.count / first.rows
            first.elements.withUnsafeBufferPointer { before in
                second.elements.withUnsafeBufferPointer { after in
                    for row in 0..<first.rows {
                        let range = row * width..<(row + 1) * width
                        errors[first.name, default: NumberErrors()].add(
                            source: .init(rebasing: before[range]), other: .init(rebasing: after[range]))
                    }
                }
            }
        }
    }

    /// The worst of all outputs, and where there are several each one's.
    var measurements: [Measurement] {
        let all = order.compactMap { name in errors[name].map { (name, $0.relativeError, 1 - $0.unexplained) } }
        guard !all.isEmpty else { return [] }
        // A value that is no number is the worst.
        func worst(_ values: [Double], _ isWorse: (Double, Double) -> Bool) -> Double {
            values.contains(where: \.isNaN) ? .nan : values.reduce(values[0]) { isWorse($1, $0) ? $1 : $0 }
        }
        let single = all.count < 2
        return [Measurement(.outputRelativeError, worst(all.map(\.1), >))]
            + (single ? [] : all.map { Measurement(.outputRelativeError, $0.1, output: $0.0) })
            + [Measurement(.outputR2, worst(all.map(\.2), <))]
            + (single ? [] : all.map { Measurement(.outputR2, $0.2, output: $0.0) })
    }
}
