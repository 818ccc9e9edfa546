import ArgumentParser
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

    @OptionGroup(visibility: .hidden) var reading: CheckpointOptions
    @OptionGroup var threads: ThreadsOption
    @OptionGroup var force: ForceOption
    @OptionGroup var quiet: QuietOption

    func validate() throws {
        if calibration.calibration.isEmpty { throw ValidationError("Give --calibration with a file of texts.") }
    }

    func run() throws {
        quiet.apply()
        try OutputFile.check(output, as: .document, force: force.force)
        try OutputFile.check(reporting.report, as: .report, force: force.force)
        try InputPaths.check(calibration)
        let progress = Progress(steps: 6)
        progress.begin("Reading the model")
        let loaded = try reading.model(at: model.model)
        let analyzer = ModelAnalyzer(
            loaded, moves: also == nil ? .analyzed : [.analyzed, .hard], pooling: calibration.pooling.pooling,
            resources: try threads.resources())
        let analysis = try analyzer.analyze(calibration: calibration.data).run(progress.work).document
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
}
