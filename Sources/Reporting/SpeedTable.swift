import Verification

/// Speeds as a table and as bars.
package enum SpeedTable {
    /// What the columns mean, in the order of a reader's questions.
    package static let legend: [(name: String, meaning: String)] = [
        ("time", "median of the rounds in which the models took turns"),
        ("speed-up", "the first model's time by this one's"),
        ("range", "where 95 of 100 such ratios lie when rounds are drawn again"),
        ("effective GFLOP/s", "the first model's arithmetic by this one's time"),
        ("predicted", "the speed-up if time went with multiply-adds alone"),
    ]

    /// One row a model, load and number of threads.
    package static func table(of results: [Benchmark.Result]) -> TextTable {
        var table = TextTable(
            [
                .init("load", .left), .init("threads"), .init("model", .left), .init("rounds"), .init("time"),
                .init("items/s"), .init("tokens/s"), .init("effective GFLOP/s"), .init("speed-up"), .init("range"),
                .init("predicted"),
            ], caption: "Speed of both models", keyCount: 3)
        for (index, result) in results.enumerated() {
            let isFirst = isFirst(index, results)
            table.append([
                load(result.load), "\(result.threads)", result.model, "\(result.rounds)", time(result.seconds),
                Format.significant(result.itemsPerSecond, 4), Format.count(Int(result.tokensPerSecond.rounded())),
                Format.fixed(result.effectiveGigaflops, 1), ratio(result.speedup),
                isFirst ? "" : range(result.speedupLow, result.speedupHigh), isFirst ? "" : ratio(result.ceiling),
            ])
        }
        return table
    }

    /// One row a model, load and number of threads, of models that write.
    package static func table(of results: [Benchmark.Writing]) -> TextTable {
        var table = TextTable(
            [
                .init("prompts", .left), .init("threads"), .init("model", .left), .init("read in"), .init("tokens/s"),
                .init("speed-up"), .init("range"), .init("a step"), .init("new tokens/s"), .init("speed-up"),
                .init("range"), .init("bytes kept a token"),
            ], caption: "Speed of writing", keyCount: 3)
        for (index, result) in results.enumerated() {
            let memory =
                result.cacheBytesPerMemoryRow > 0 ? " + \(Format.count(result.cacheBytesPerMemoryRow))" : ""
            let isFirst = index == 0 || results[index - 1].load != result.load
            table.append([
                load(result.load), "\(result.threads)", result.model, time(result.promptSeconds),
                Format.count(Int(result.promptTokensPerSecond.rounded())), ratio(result.promptSpeedup),
                isFirst ? "" : range(result.promptSpeedupLow, result.promptSpeedupHigh), time(result.stepSeconds),
                Format.significant(result.newTokensPerSecond, 4), ratio(result.stepSpeedup),
                isFirst ? "" : range(result.stepSpeedupLow, result.stepSpeedupHigh),
                Format.count(result.cacheBytesPerToken) + memory,
            ])
        }
        return table
    }

    /// A time with four digits: two of them divided give the ratio that stands beside them, to all its digits.
    static func time(_ seconds: Double) -> String {
        guard seconds.isFinite else { return "–" }
        return seconds < 1 ? Format.significant(seconds * 1000, 4) + " ms" : Format.significant(seconds, 4) + " s"
    }

    /// `32x128`, as options are typed, with the sign for times.
    package static func load(_ text: String) -> String { text.replacing("x", with: "×") }

    static func ratio(_ value: Double) -> String { Format.fixed(value, 2) + " ×" }

    /// `0.97–1.06`.
    static func range(_ low: Double, _ high: Double) -> String { "\(Format.fixed(low, 2))–\(Format.fixed(high, 2))" }

    /// Whether a result is of the model that the others of its load are compared with.
    private static func isFirst(_ index: Int, _ results: [Benchmark.Result]) -> Bool {
        index == 0 || results[index - 1].load != results[index].load
            || results[index - 1].threads != results[index].threads
    }

    /// What an interval says that holds 1: no difference.
    static func isUndecided(_ result: Benchmark.Result) -> Bool {
        result.speedupLow <= 1 && result.speedupHigh >= 1
    }

    static func bars(of results: [Benchmark.Result]) -> BarChart {
        var groups: [(name: String, bars: [BarChart.Bar])] = []
        for (index, result) in results.enumerated() {
            let name = "\(load(result.load)), \(result.threads == 1 ? "1 thread" : "\(result.threads) threads")"
            let speed = isFirst(index, results) ? "" : " (\(ratio(result.speedup)))"
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
