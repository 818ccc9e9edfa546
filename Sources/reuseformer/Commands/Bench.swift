import ArgumentParser
import JSON
import Reporting
import Runtime
import Verification

struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure how fast models run, taking turns so that all meet the same machine.",
        discussion: """
              reuseformer bench MODEL small.reuse.h5 --shape 32x128 --threads 1,2

            Inputs are made up. Times are medians over rounds in which all models took turns. Speed-ups are the first \
            model's time by each one's, with the range that holds 95 of 100 such ratios when the rounds are drawn \
            again. Effective GFLOP/s count the first model's work for all of them; "predicted" is the speed-up if time \
            went with multiply-adds alone.

            With --new-tokens, language models read the texts as prompts and continue them, keeping keys and values: \
            tokens a second of both, and the bytes that are kept.

              reuseformer bench gpt/ small.reuse.h5 --shape 1x128 --new-tokens 64

            Of an encoder–decoder 32x128+64 means sources of 128 and targets of 64 tokens; a model of pictures needs \
            no more than their number, --shape 32.

            \(SharedHelp.reading)
            """)

    @Argument(
        help: ArgumentHelp("Models to measure; the first is what the others are compared with.", valueName: "model"),
        completion: .file())
    var models: [String]

    @Option(
        help: ArgumentHelp(
            "Texts times tokens, such as 32x128, or 32x128+64 with a target. May be repeated.",
            valueName: "texts x tokens"))
    var shape: [String] = []

    @Option(
        help: ArgumentHelp(
            "Texts of different lengths, such as 32x8-128: 32 texts of 8 to 128 tokens. May be repeated.",
            valueName: "texts x least-most"))
    var ragged: [String] = []

    @Option(
        help: ArgumentHelp(
            "Measure how fast language models continue the texts by so many tokens.", valueName: "count"))
    var newTokens: Int?

    @Option(help: ArgumentHelp("Numbers of threads, comma-separated (default: one a core).", valueName: "list"))
    var threads: String?

    @OptionGroup(visibility: .hidden) var reading: CheckpointOptions
    @OptionGroup var json: JSONOption
    @OptionGroup var quiet: QuietOption

    /// What `--json` prints.
    private struct Document: Encodable {
        let kernels: String
        var results: [Benchmark.Result] = []
        /// With `--new-tokens`.
        var writing: [Benchmark.Writing] = []
    }

    func validate() throws {
        _ = try loads()
        _ = try threadCounts()
        if let newTokens, !(1...65_536).contains(newTokens) {
            throw ValidationError("--new-tokens is a number from 1 to 65,536.")
        }
    }

    func run() throws {
        quiet.apply()
        let loads = try loads(), counts = try threadCounts(), kernels = try ThreadsOption.kernels()
        try reading.checkPaths(models)
        let progress = Progress()
        defer { progress.abandon() }
        progress.begin("Reading the models")
        let loaded = try models.map { try reading.model(at: $0) }
        for model in loaded { try model.checkWeights() }
        let benchmark = Benchmark(loaded.map { ($0.name, $0.model) })
        var document = Document(kernels: kernels.description)
        for load in loads {
            for count in counts {
                let resources = ExecutionResources(threads: count, kernels: kernels)
                progress.begin("Measuring \(load) with \(count) \(count == 1 ? "thread" : "threads")")
                if let newTokens {
                    document.writing += try benchmark.measureWriting(load, newTokens: newTokens, with: resources)
                } else {
                    document.results += try benchmark.measure(load, with: resources)
                }
            }
        }
        progress.end()
        if json.json {
            try Terminal.print(document: document)
        } else {
            let table =
                newTokens == nil ? SpeedTable.table(of: document.results) : SpeedTable.table(of: document.writing)
            Terminal.print("kernels: \(document.kernels)\n\n" + Terminal.readable(table.text(width: Terminal.width)))
            for result in document.results {
                if let exits = result.exits { Terminal.print("\n\(result.model): \(ExitText.text(exits))") }
            }
            var legend = TextTable([.init("", .left), .init("", .left)])
            for entry in SpeedTable.legend where newTokens == nil || !entry.name.contains("GFLOP") {
                legend.append([entry.name, entry.meaning])
            }
            Terminal.print("\n" + legend.text)
        }
    }

    private func loads() throws -> [Benchmark.Load] {
        var loads: [Benchmark.Load] = []
        for text in shape {
            let sides = text.split(separator: "x", omittingEmptySubsequences: false)
            let lengths = sides.dropFirst().flatMap { $0.split(separator: "+", omittingEmptySubsequences: false) }
            let numbers = (sides.prefix(1) + lengths).map { Int($0) ?? 0 }
            guard sides.count <= 2, numbers.count <= 3, numbers.allSatisfy({ (1...65_536).contains($0) }) else {
                throw ValidationError("--shape is texts x tokens, such as 32x128 or 32x128+64, not \"\(text)\".")
            }
            loads.append(
                .shape(
                    batch: numbers[0], tokens: numbers.count > 1 ? numbers[1] : 128,
                    target: numbers.count > 2 ? numbers[2] : nil))
        }
        for text in ragged {
            let sides = text.split(separator: "x", omittingEmptySubsequences: false)
            let lengths = (sides.last ?? "").split(separator: "-", omittingEmptySubsequences: false).map {
                Int($0) ?? 0
            }
            guard sides.count == 2, let batch = Int(sides[0]), (1...65_536).contains(batch), lengths.count == 2,
                lengths[0] > 0, lengths[0] <= lengths[1], lengths[1] <= 65_536
            else { throw ValidationError("--ragged is texts x least-most, such as 32x8-128, not \"\(text)\".") }
            loads.append(.ragged(batch: batch, tokens: lengths[0]...lengths[1]))
        }
        return loads.isEmpty ? [.shape(batch: 32, tokens: 128)] : loads
    }

    private func threadCounts() throws -> [Int] {
        guard let threads else { return [ThreadsOption.count(nil)] }
        return try threads.split(separator: ",", omittingEmptySubsequences: false).map { text in
            guard let count = Int(text), (1...256).contains(count) else {
                throw ValidationError("--threads is a list of numbers such as 1,2, not \"\(threads)\".")
            }
            return count
        }
    }
}
