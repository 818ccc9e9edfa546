import ModelGraph
import Statistics
import Verification

/// Metrics and gates as a table.
package enum FidelityTable {
    /// One row a metric, gates beside what they judge.
    package static func table(of report: VerificationReport) -> TextTable {
        table(of: report, hasYardsticks: false)
    }

    /// The table of a page, where every number has room to be explained.
    static func explained(_ report: VerificationReport) -> TextTable { table(of: report, hasYardsticks: true) }

    /// - Parameter hasYardsticks: Whether numbers are explained; gates have columns then only where there are some.
    private static func table(of report: VerificationReport, hasYardsticks: Bool) -> TextTable {
        let columns: [TextTable.Column] = [
            .init("metric", .left), .init("value"), .init("interval", .left),
            .init("what it is", hasYardsticks ? .words : .left),
        ]
        let ofGates: [TextTable.Column] = [.init("fails when", .left), .init("verdict", .left)]
        let showsGates = !hasYardsticks || !report.gates.isEmpty
        var table = TextTable(
            columns + (showsGates ? ofGates : []),
            caption: "How near the converted model is to its source")
        for measurement in report.metrics {
            let gates = measurement.output == nil ? report.gates.filter { $0.metric == measurement.metric } : []
            let output = measurement.output.map { " of \($0)" } ?? ""
            let failed = gates.contains { !$0.passed }
            let source = measurement.source.map { " (source \(text(measurement.metric, $0)))" } ?? ""
            table.append(
                [
                    measurement.metric.rawValue + output, text(measurement.metric, measurement.value) + source,
                    measurement.interval.map { interval(measurement.metric, $0) } ?? "",
                    hasYardsticks ? explanation(measurement.metric) : measurement.metric.meaning,
                    gates.map(\.condition).joined(separator: ", "),
                    gates.isEmpty
                        ? "" : (failed ? "failed" : "passed") + (gates.contains(where: \.isClose) ? ", close" : ""),
                ], mark: gates.isEmpty ? .none : failed ? .failed : .passed)
        }
        if let exactness = report.exactness {
            let difference = Format.significant(exactness.largestDifference, 2)
            table.append(
                [
                    "exactness", exactness.isBitwise ? "every bit" : difference, "",
                    exactness.promise == .bitwise
                        ? "file read back against the model in memory"
                        : "nothing replaced: largest difference to the source",
                    exactness.promise == .bitwise ? "not bit for bit" : "over \(Exactness.tolerance)",
                    exactness.holds ? "passed" : "failed",
                ], mark: !exactness.holds ? .failed : showsGates ? .passed : .none)
        }
        return table
    }

    /// A metric in words, and how to read its scale.
    private static func explanation(_ metric: Metric) -> String {
        let meaning = metric.meaning
        return meaning.prefix(1).uppercased() + meaning.dropFirst() + ". " + metric.yardstick
    }

    /// Where a value would lie on other texts of the kind: `0.98123 to 0.99001`.
    package static func interval(_ metric: Metric, _ interval: Interval) -> String {
        "\(text(metric, interval.lower)) to \(text(metric, interval.upper))"
    }

    /// A value as it reads best.
    package static func text(_ metric: Metric, _ value: Double) -> String {
        if metric.isShare { return Format.percent(value, 2) }
        switch metric {
        case .hiddenRelativeError, .outputRelativeError, .logitsKLMean, .mapsTVMean: return Format.significant(value, 3)
        case .speedup: return SpeedTable.ratio(value)
        default: return Format.fixed(value, 5)
        }
    }
}
