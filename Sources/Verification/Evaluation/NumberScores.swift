import ModelGraph
import Statistics

/// How far the numbers that a model gives are from the right ones, summed up as items come.
package struct NumberScores: Sendable, Hashable {
    /// What is right for one item: the numbers of each output, row by row, by the output's name; of a model with one
    /// output the name may be empty.
    package typealias Labels = [String: [Float]]

    private var errors: [String: ItemErrors] = [:]
    private var order: [String] = []
    /// Items so far.
    package private(set) var items = 0

    package init() {}

    /// Counts one item.
    ///
    /// - Throws: `labels` where the model has no such output, or gives another count of numbers.
    mutating func add(_ outputs: [RecordedOutputs.Numbers], _ labels: Labels) throws(VerificationError) {
        for (name, right) in labels.sorted(by: { $0.key < $1.key }) {
            let found = outputs.first { output in
                output.name == name || output.name == "output.\(name)" || name.isEmpty && outputs.count == 1
            }
            guard let found, found.rows > 0 else {
                let known = outputs.map(\.name).joined(separator: ", ")
                throw .labels("the model gives no numbers \"\(name)\"; it gives \(known.isEmpty ? "none" : known)")
            }
            guard found.elements.count == right.count else {
                throw .labels(
                    "\(found.name) has \(found.elements.count) numbers for item \(items + 1), "
                        + "the labels \(right.count)")
            }
            guard right.allSatisfy(\.isFinite) else {
                throw .labels("a label of item \(items + 1) is no number")
            }
            if errors[found.name] == nil { order.append(found.name) }
            errors[found.name, default: ItemErrors()].add(
                source: right, other: found.elements, rows: found.rows)
        }
        items += 1
    }

    /// By output: mean absolute error, and 1 − squared error / squared distance of the labels from their columns'
    /// means.
    package var byOutput: [(output: String, mae: Double, r2: Double)] {
        order.compactMap { name in
            errors[name].map { (name, $0.total.meanAbsoluteError, 1 - $0.total.unexplained) }
        }
    }

    /// What intervals of an output's numbers are made of; `nil` where there are none.
    package func samples(of output: String) -> (mae: Samples?, r2: Samples?) {
        guard let errors = errors[output] else { return (nil, nil) }
        return (Samples(.mean, rows: errors.absolute), errors.deviations.map { Samples(.explained, rows: $0) })
    }

    /// Intervals of the worst output's numbers; `nil` where there are none.
    fileprivate var worstIntervals: (mae: Interval?, r2: Interval?) {
        let worst = worst
        func output(_ isWorst: ((output: String, mae: Double, r2: Double)) -> Bool) -> String {
            byOutput.first(where: isWorst)?.output ?? ""
        }
        return (
            samples(of: output { $0.mae == worst.mae }).mae?.interval,
            samples(of: output { $0.r2 == worst.r2 }).r2?.interval
        )
    }

    /// The worst output's; NaN where any is no number, or nothing was counted.
    package var worst: (mae: Double, r2: Double) {
        let all = byOutput
        guard !all.isEmpty, !all.contains(where: { $0.mae.isNaN || $0.r2.isNaN }) else {
            let mae = all.map(\.mae)
            return (mae.isEmpty || mae.contains(where: \.isNaN) ? .nan : mae.max() ?? .nan, .nan)
        }
        return (all.map(\.mae).max() ?? .nan, all.map(\.r2).min() ?? .nan)
    }
}

extension Evaluator {
    /// Compares the numbers that the model gives for some items with the right ones.
    ///
    /// - Throws: `labels` for labels that do not fit the model's outputs.
    package func add(
        _ items: [(sequence: ModelInput, labels: NumberScores.Labels)], to scores: inout NumberScores
    ) throws(VerificationError) {
        for range in items.map(\.sequence).batches(rows: FidelityStudy.batchRows) {
            let part = items[range]
            let outputs = try recorder.record(part.map(\.sequence))
            for (found, item) in zip(outputs, part) { try scores.add(found.numbers, item.labels) }
        }
    }
}

extension TaskStudy {
    /// Error of the numbers that the models give, and the share of the labels' variance that they tell: of the worst
    /// output, and where there are several of each.
    ///
    /// - Parameter labels: What is right, one a sequence.
    package func numbers(
        of sequences: [ModelInput], labels: [NumberScores.Labels]
    ) throws(VerificationError) -> [Measurement] {
        guard sequences.count == labels.count else {
            throw .labels("\(labels.count) labels for \(sequences.count) items; give one label an item")
        }
        let items = zip(sequences, labels).map { (sequence: $0, labels: $1) }
        var before = NumberScores(), after = NumberScores()
        try converted.add(items, to: &after)
        try source.add(items, to: &before)
        var result = [
            Measurement(
                .meanAbsoluteError, after.worst.mae, source: before.worst.mae, interval: after.worstIntervals.mae),
            Measurement(.r2, after.worst.r2, source: before.worst.r2, interval: after.worstIntervals.r2),
        ]
        guard after.byOutput.count > 1 else { return result }
        for (old, new) in zip(before.byOutput, after.byOutput) {
            let samples = after.samples(of: new.output)
            result.append(
                Measurement(
                    .meanAbsoluteError, new.mae, source: old.mae, output: new.output,
                    interval: samples.mae?.interval))
            result.append(
                Measurement(.r2, new.r2, source: old.r2, output: new.output, interval: samples.r2?.interval))
        }
        return result
    }
}
