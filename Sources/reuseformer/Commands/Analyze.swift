import ArgumentParser
import Evaluation
import ReuseTransformers
import Reporting

/// Moves that an analysis measures where somebody asks for them.
enum AdditionalMoves: String, ExpressibleByArgument, CaseIterable { case hard }

struct Analyze: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Find out which attention maps and neurons a model could do without.",
        discussion: """
              reuseformer analyze MODEL --calibration texts.txt -o analysis.json
              reuseformer plan analysis.json --budget 1/3 -o plan.json

            Compares the maps of all heads on calibration texts, and measures how much the model's output suffers when \
            the cheapest heads of each layer take their maps from elsewhere, and when neurons of feed-forward parts \
            are left out and queries and keys made narrower. The result is enough to make plans for any budget.

            Large analyses are cut into shards, each of which any machine computes; see docs/distributed.md:

              reuseformer analyze MODEL --calibration texts.txt --shard 3/16 -o part-3.analysis
              reuseformer merge part-*.analysis -o analysis.json

            \(SharedHelp.reading)
            """)

    @OptionGroup var model: ModelArgument
    @OptionGroup var calibration: CalibrationOptions

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Where to write the analysis, JSON.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var output: String

    @Option(
        help: ArgumentHelp(
            "What to measure besides what any budget needs: hard (heads that look at one key only).",
            valueName: "moves"))
    var also: AdditionalMoves?

    @OptionGroup var reporting: ReportOption

    @Option(
        help: ArgumentHelp(
            "Compute one share of the analysis, for `merge`: 3/16 is the third of sixteen.",
            discussion: "Shards count from 1, or from 0: 0/16 and 16/16 are the same.", valueName: "i/n"))
    var shard: AnalysisShard?

    @Option(
        help: ArgumentHelp(
            "What a shard computes: all, or maps: the comparison of all maps on its share of the texts.",
            discussion: "Worth a stage of its own where texts are very many; `merge`, then go on with --maps.",
            valueName: "stage"))
    var stage: Stage = .all

    @Option(
        help: ArgumentHelp(
            "What `merge` made of the shards of --stage maps: this shard does not compare them again.",
            valueName: "file"), completion: .file())
    var maps: String?

    /// What a shard computes.
    enum Stage: String, ExpressibleByArgument, CaseIterable { case all, maps }

    @OptionGroup var keeping: KeepingOptions
    @OptionGroup var trying: DryRunOption

    @OptionGroup(visibility: .hidden) var reading: CheckpointOptions
    @OptionGroup var threads: ThreadsOption
    @OptionGroup var memory: MemoryOption
    @OptionGroup var force: ForceOption
    @OptionGroup var quiet: QuietOption

    func validate() throws {
        if calibration.calibration.isEmpty { throw ValidationError("Give --calibration with a file of texts.") }
        if shard == nil, stage != .all || maps != nil {
            throw ValidationError("--stage and --maps are about one --shard of an analysis: give it as well.")
        }
        if stage == .maps, maps != nil || keeping.path != nil {
            throw ValidationError("--stage maps needs neither --maps nor --resume: a shard of it is soon done.")
        }
        if trying.dryRun, stage == .maps {
            throw ValidationError("--dry-run foretells whole analyses and shards of --stage all.")
        }
        if shard != nil, reporting.report != nil {
            throw ValidationError("A shard is no analysis yet: leave out --report.")
        }
    }

    func run() throws {
        quiet.apply()
        try OutputFile.check(output, as: shard == nil ? .document : .part, force: force.force)
        try OutputFile.check(reporting.report, as: .report, force: force.force)
        try InputPaths.check(calibration)
        let maps = try self.maps.map { try AnalysisPart(contentsOf: $0) }
        let progress = Progress(steps: 6)
        defer { progress.abandon() }
        progress.begin("Reading the model")
        let loaded = try reading.model(at: model.model)
        let analyzer = ModelAnalyzer(
            loaded, moves: also == nil ? .analyzed : [.analyzed, .hard], pooling: calibration.pooling.pooling,
            resources: try threads.resources(memory: memory, beside: output))
        if trying.dryRun {
            let forecast = try analyzer.forecast(calibration: calibration.data, shard: shard).run(progress.work)
            progress.end()
            return Terminal.print(ForecastText.describe(forecast, output: output))
        }
        if let shard {
            let part = try work(of: shard, analyzer, maps).run(progress.work).part
            progress.end()
            try OutputFile.write(try part.encoded(), to: output)
            Terminal.noteWritten(output)
            return Terminal.print(AnalysisText.describe(part))
        }
        let analysis = try analyzer.analyze(calibration: calibration.data, keepingIn: keeping.folder)
            .run(progress.work).document
        progress.end()
        try OutputFile.write(document: analysis, to: output)
        Terminal.noteWritten(output)
        if let report = reporting.report {
            let page = ReportPage(model: .init(name: loaded.name, model: loaded.model), analysis: analysis)
            try OutputFile.write(Array(page.html(version: Version.text).utf8), to: report)
            Terminal.noteWritten(report)
        }
        Terminal.print(AnalysisText.describe(analysis))
    }

    private func work(
        of shard: AnalysisShard, _ analyzer: ModelAnalyzer, _ maps: AnalysisPart?
    ) -> WorkSteps<AnalysisPart> {
        stage == .maps
            ? analyzer.compareMaps(calibration: calibration.data, shard: shard)
            : analyzer.analyze(
                calibration: calibration.data, shard: shard, after: maps, keepingIn: keeping.folder)
    }
}

extension AnalysisShard: ExpressibleByArgument {
    /// A shard as people write it: `3/16`; `nil` for anything else.
    public init?(argument: String) {
        let numbers = argument.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard numbers.count == 2, let index = numbers[0], let count = numbers[1],
            let shard = try? AnalysisShard(index, of: count)
        else { return nil }
        self = shard
    }
}
