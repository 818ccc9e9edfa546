import ModelGraph
import Verification

/// Metrics and gates as a table: the same on the terminal and in the report.
package enum FidelityTable {
    /// One row a metric, gates beside what they judge.
    package static func table(of report: VerificationReport) -> Table {
        var table = Table([
            .init("metric", .left), .init("value"), .init("", .left), .init("fails when", .left),
            .init("verdict", .left),
        ])
        for measurement in report.metrics {
            let gates = measurement.output == nil ? report.gates.filter { $0.metric == measurement.metric } : []
            let output = measurement.output.map { " of \($0)" } ?? ""
            let failed = gates.contains { !$0.passed }
            let source = measurement.source.map { " (source \(text(measurement.metric, $0)))" } ?? ""
            table.append(
                [
                    measurement.metric.rawValue + output, text(measurement.metric, measurement.value) + source,
                    measurement.metric.meaning, gates.map(\.condition).joined(separator: ", "),
                    gates.isEmpty ? "" : failed ? "failed" : "passed",
                ], mark: gates.isEmpty ? .none : failed ? .failed : .passed)
        }
        if let exactness = report.exactness {
            let difference = Format.significant(exactness.largestDifference, 2)
            table.append(
                [
                    "exactness", exactness.isBitwise ? "every bit" : difference,
                    exactness.promise == .bitwise
                        ? "file read back against the model in memory"
                        : "nothing replaced: largest difference to the source",
                    exactness.promise == .bitwise ? "not bit for bit" : "over \(Exactness.tolerance)",
                    exactness.holds ? "passed" : "failed",
                ], mark: exactness.holds ? .passed : .failed)
        }
        return table
    }

    /// A value as it reads best.
    static func text(_ metric: Metric, _ value: Double) -> String {
        if metric.isShare { return Format.percent(value, 2) }
        switch metric {
        case .hiddenRelativeError, .outputRelativeError, .logitsKLMean, .mapsTVMean: return Format.significant(value, 3)
        case .speedup: return Format.fixed(value, 2) + " ×"
        default: return Format.fixed(value, 5)
        }
    }
}

/// Speeds as a table and as bars.
package enum SpeedTable {
    /// One row a model, load and number of threads.
    package static func table(of results: [Benchmark.Result]) -> Table {
        var table = Table([
            .init("load", .left), .init("threads"), .init("model", .left), .init("time"), .init("items/s"),
            .init("tokens/s"), .init("effective GFLOP/s"), .init("speed-up"),
            .init("at most"),
        ])
        for result in results {
            table.append([
                result.load, "\(result.threads)", result.model, Format.duration(seconds: result.seconds),
                Format.significant(result.itemsPerSecond, 4), Format.count(Int(result.tokensPerSecond.rounded())),
                Format.fixed(result.effectiveGigaflops, 1),
                Format.fixed(result.speedup, 3) + " ×", Format.fixed(result.ceiling, 3) + " ×",
            ])
        }
        return table
    }

    /// One row a model, load and number of threads, of models that write.
    package static func table(of results: [Benchmark.Writing]) -> Table {
        var table = Table([
            .init("prompts", .left), .init("threads"), .init("model", .left), .init("read in"), .init("tokens/s"),
            .init("speed-up"), .init("a step"), .init("new tokens/s"), .init("speed-up"), .init("bytes kept a token"),
        ])
        for result in results {
            let memory =
                result.cacheBytesPerMemoryRow > 0 ? " + \(Format.count(result.cacheBytesPerMemoryRow))" : ""
            table.append([
                result.load, "\(result.threads)", result.model, Format.duration(seconds: result.promptSeconds),
                Format.count(Int(result.promptTokensPerSecond.rounded())),
                Format.fixed(result.promptSpeedup, 3) + " ×", Format.duration(seconds: result.stepSeconds),
                Format.significant(result.newTokensPerSecond, 4), Format.fixed(result.stepSpeedup, 3) + " ×",
                Format.count(result.cacheBytesPerToken) + memory,
            ])
        }
        return table
    }

    static func bars(of results: [Benchmark.Result]) -> BarChart {
        var groups: [(name: String, bars: [BarChart.Bar])] = []
        for result in results {
            let name = "\(result.load), \(result.threads == 1 ? "1 thread" : "\(result.threads) threads")"
            let speed = result.speedup == 1 ? "" : " (\(Format.fixed(result.speedup, 2)) ×)"
            let bar = BarChart.Bar(
                name: result.model, value: result.tokensPerSecond,
                text: Format.short(result.tokensPerSecond) + "/s" + speed)
            if groups.last?.name == name {
                groups[groups.count - 1].bars.append(bar)
            } else {
                groups.append((name, [bar]))
            }
        }
        return BarChart(title: "Tokens per second", groups: groups.map { .init(name: $0.name, bars: $0.bars) })
    }
}
