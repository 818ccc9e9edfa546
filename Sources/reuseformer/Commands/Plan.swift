import Analysis
import ArgumentParser
import ModelGraph
import Plans
import Reporting
import ReuseTransformers
import Tensors
import Verification

struct Plan: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a plan from an analysis: which heads take their maps from where.",
        discussion: """
              reuseformer plan analysis.json --budget 1/3 -o plan.json
              reuseformer plan analysis.json --curve

            Budgets: 1/3, 0.33, 33% or maps:1/3 (share of attention maps no longer computed), macs:10%@128 \
            (multiply-adds at a sequence length), bytes:8% (size of the parameters), speed:1.5x@32x128 (times as fast \
            on 32 texts of 128 tokens, as the multiply-adds predict it; convert measures it), \
            quality:hidden.cosine.mean>=0.98 (the largest saving whose quality holds on texts kept back; needs --model \
            and --calibration).

            A plan for a larger budget contains the one for a smaller one. The result is JSON to read and edit; \
            `reuseformer validate` finds what is wrong with an edited one.

            Options of a budget on quality: --calibration and what goes with it (`reuseformer analyze --help`), \
            --threads. \(SharedHelp.reading)
            """)

    @Argument(
        help: ArgumentHelp("What `analyze` wrote.", valueName: "analysis"), completion: .file(extensions: ["json"]))
    var analysis: String

    @Option(
        help: ArgumentHelp(
            "How much to save, or how good to stay: 1/3, 30%, macs:10%@128, bytes:8%, speed:1.5x@32x128, "
                + "quality:METRIC>=VALUE.",
            valueName: "budget"))
    var budget: String?

    @Flag(help: "Print what every possible plan would save and cost, from nothing to everything.")
    var curve = false

    @Option(
        help: ArgumentHelp("The analysed model: for budgets on quality.", valueName: "model"), completion: .file())
    var model: String?

    @OptionGroup(visibility: .hidden) var calibration: CalibrationOptions
    @OptionGroup var planning: PlanningOptions

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Where to write the plan, JSON.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var output: String?

    @OptionGroup var threads: ThreadsOption
    @OptionGroup(visibility: .hidden) var reading: CheckpointOptions
    @OptionGroup var json: JSONOption
    @OptionGroup var force: ForceOption
    @OptionGroup var quiet: QuietOption

    func validate() throws {
        if budget == nil, !curve { throw ValidationError("Give --budget, or --curve to see what could be saved.") }
        if output != nil, budget == nil { throw ValidationError("A plan to write needs a --budget.") }
    }

    func run() throws {
        quiet.apply()
        try OutputFile.check(output, as: .document, force: force.force)
        try OutputFile.check(json)
        let budget = try self.budget.map { try ConversionBudget($0) }
        try InputPaths.check(calibration)
        let analysis = try ModelAnalysis(contentsOf: analysis)
        var blocks: [String] = []
        if curve {
            let points = try planning.curve(of: analysis)
            if json.json, budget == nil {
                try Terminal.print(document: points)
                return
            }
            blocks.append(CurveText.describe(points))
        }
        if let budget {
            if try budget.parsed().replacesWholeLayers(of: analysis.document.graph), planning.granularity == .head {
                Terminal.note("reuseformer: note: \(budget) replaces whole layers, since layers share their weights")
            }
            let plan = try plan(budget, analysis).plan
            if let output {
                try OutputFile.write(document: plan, to: output)
                Terminal.noteWritten(output)
            }
            if json.json {
                try Terminal.print(document: plan)
                return
            }
            let graph = analysis.document.graph
            let savings = try TransformerError.mapping { try Savings(source: graph, converted: graph.applying(plan)) }
            blocks.append("\(PlanText.describe(plan))\n\n\(ConversionLine.text(of: savings))")
        }
        Terminal.print(blocks.joined(separator: "\n\n"))
    }

    private func plan(_ budget: ConversionBudget, _ analysis: ModelAnalysis) throws -> ConversionPlan {
        guard budget.isQuality else {
            return try analysis.plan(
                for: budget, moves: try planning.moves(), granularity: planning.granularity,
                layers: planning.layers.selection)
        }
        guard let model, !calibration.calibration.isEmpty else {
            throw CommandError.usage(
                "a budget on quality is found by converting: "
                    + "give --model MODEL and --calibration texts.txt as well"
            )
        }
        let progress = Progress()
        defer { progress.abandon() }
        let loaded = try reading.model(at: model)
        let converter = ModelConverter(
            loaded,
            .init(
                moves: try planning.moves(), granularity: planning.granularity, layers: planning.layers.selection,
                pooling: calibration.pooling.pooling),
            resources: try threads.resources())
        let plan = try converter.plan(calibration: calibration.data, budget: budget, analysis: analysis)
            .run(progress.work)
        progress.end()
        return plan
    }
}
