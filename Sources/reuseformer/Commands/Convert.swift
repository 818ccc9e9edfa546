import Analysis
import ArgumentParser
import Checkpoints
import Foundation
import HDF5
import ModelGraph
import Platform
import Reporting
import ReuseTransformers
import Rewriting
import Runtime
import Verification

struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a smaller, faster model: analyse, plan, rewrite, heal, check, write.",
        discussion: """
            All in one, from a checkpoint and some texts:

              reuseformer convert MODEL --calibration texts.txt --budget 1/3 \\
                -o small.reuse.h5

            or along a plan that `reuseformer plan` made and you may have edited:

              reuseformer convert MODEL --calibration texts.txt --plan plan.json \\
                -o small.reuse.h5

            The file holds everything that is needed to run the model, tokenizer included. Before it gets its name it \
            is read back and run: it computes what the model in memory computes, to the bit, or nothing is written. \
            The same input gives the same file, whatever the number of threads.

            With --plan, --heal none and no texts nothing is run: the way for models that are larger than memory.
            """)

    @OptionGroup var model: ModelArgument
    @OptionGroup var calibration: CalibrationOptions

    @Option(
        help: ArgumentHelp(
            "How much to save, or how good to stay: 1/3, macs:10%@128, bytes:8%, quality:METRIC>=VALUE.",
            valueName: "budget"))
    var budget: String?

    @Option(
        help: ArgumentHelp("A plan instead of a budget.", valueName: "file"), completion: .file(extensions: ["json"]))
    var plan: String?

    @Option(
        help: ArgumentHelp("What `analyze` wrote for this model: saves the analysis.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var analysis: String?

    @OptionGroup var planning: PlanningOptions

    @Option(help: "How to repair what reuse breaks: closed (least squares, no training) or none.")
    var heal: HealingSummary.Method = .closed

    @Flag(
        help: ArgumentHelp(
            "Let layers that share weights get output projections of their own where healing needs them.",
            discussion: "Without it, healing refuses to split what the layers of an ALBERT share."))
    var unshare = false

    @Option(help: ArgumentHelp("How to store tensors: none, zstd or zstd:LEVEL.", valueName: "method"))
    var compress = "none"

    @Option(
        name: .shortAndLong, help: ArgumentHelp("The file to write.", valueName: "file"),
        completion: .file(extensions: ["h5"]))
    var output: String

    @Option(
        help: ArgumentHelp("Where to write a report to open in a browser.", valueName: "file"),
        completion: .file(extensions: ["html"]))
    var report: String?

    @OptionGroup var reading: CheckpointOptions
    @OptionGroup var threads: ThreadsOption
    @OptionGroup var json: JSONOption
    @OptionGroup var force: ForceOption

    func validate() throws {
        if (budget == nil) == (plan == nil) { throw ValidationError("Give either --budget or --plan.") }
        if calibration.calibration.isEmpty, plan == nil || heal != .none || report != nil {
            throw ValidationError(
                "Give --calibration with a file of texts. Only --plan with --heal none and no --report does without.")
        }
        if plan != nil, analysis != nil { throw ValidationError("A --plan needs no --analysis.") }
        _ = try compression()
    }

    func run() throws {
        try OutputFile.check(output, force: force.force)
        try OutputFile.check(report, force: force.force)
        let budget = try self.budget.map { try Budget($0) }
        let document = try plan.map { try InputFile.document(ReusePlan.self, at: $0, named: "a plan") }
        let resources = try threads.resources().execution()
        let progress = Progress()
        defer { progress.end() }
        progress.begin("Reading the model")
        let source = try reading.model(at: model.model)
        let converter = Converter(options: .init(resources: resources, healing: heal, unshares: unshare))
        if let refusal = converter.refusal(of: source.model) { throw refusal }
        if calibration.calibration.isEmpty, let document {
            let rewrite = PlainRewrite(
                source: source, plan: document, output: output, compression: try compression())
            let (verdict, plan) = try rewrite.run(progress)
            progress.end()
            try show(verdict, plan)
            return
        }
        let texts = try calibration.texts(for: source)
        let planned = try document.map { Planned(plan: $0) } ?? makePlan(budget, source, texts, resources, progress)

        progress.begin("Rewriting and healing")
        let result = try converter.convert(source.model, plan: planned.plan, calibration: texts.set) {
            progress.advance(to: $0, of: $1)
        }
        progress.begin("Writing and reading back")
        let (written, exactness) = try write(result.model, checkedOn: texts.set.heldOut, resources)
        let stage = VerificationStage(source: source, converted: written, resources: resources, progress: progress)
        var found = try stage.fidelity(on: texts.set.heldOut, masking: texts.reader.masking)
        found.exactness = exactness
        let verdict = try stage.report(found, gates: [])
        if let report {
            var page = ReportPage(model: .init(name: source.name, model: source.model), analysis: planned.analysis)
            page.converted = .init(name: written.name, model: written.model)
            page.plan = written.model.plan
            page.curve = planned.curve
            page.healing = result.healing
            page.verification = verdict
            page.timings = try stage.time()
            try OutputFile.write(Array(page.html(version: Version.text).utf8), to: report)
        }
        progress.end()
        try show(verdict, planned.plan)
    }

    private func show(_ verdict: VerificationReport, _ plan: ReusePlan) throws {
        if json.json {
            try Terminal.print(document: verdict)
        } else {
            Terminal.print("\(PlanText.describe(plan))\n\n\(FidelityTable.table(of: verdict).text)")
        }
    }

    /// A plan and what it came from.
    private struct Planned {
        let plan: ReusePlan
        var analysis: AnalysisDocument?
        var curve: PlanCurve?
    }

    private func makePlan(
        _ budget: Budget?, _ source: TransformerModel, _ texts: (set: CalibrationSet, reader: DataReader),
        _ resources: ExecutionResources, _ progress: Progress
    ) throws -> Planned {
        guard let budget else { throw CommandError.usage("give --budget or --plan") }
        let moves = try planning.moves()
        let document: AnalysisDocument
        if let analysis {
            document = try InputFile.document(AnalysisDocument.self, at: analysis, named: "an analysis")
            try document.requireOrigin(in: source)
        } else {
            document = try AnalysisStage(progress: progress, resources: resources).run(
                source, texts.set, separators: texts.reader.separators, moves: moves)
        }
        let planner = try Planner(
            document, graph: source.model.graph, moves: moves, granularity: planning.granularity)
        let plan = try QualityStage(
            source: source.model, calibration: texts.set, unshares: unshare, resources: resources, progress: progress
        )
        .largestPlan(of: planner, budget: budget)
        return Planned(plan: plan, analysis: document, curve: report == nil ? nil : try PlanCurve(planner))
    }

    /// Writes the file; before it gets its name it is read back and run against the model in memory.
    private func write(
        _ converted: Model, checkedOn sequences: [ModelInput], _ resources: ExecutionResources
    ) throws -> (written: TransformerModel, exactness: Exactness) {
        var readBack: (model: Model, exactness: Exactness)?
        let reading = try HDF5ReadingOptions.ofEnvironment()
        try Checkpoint.write(
            converted, to: output, compression: try compression(), toolVersion: Version.text
        ) { (path) throws(FileError) in
            let model = try Checkpoint.load(path: path, options: LoadingOptions(hdf5: reading))
            let exactness = try? Exactness.check(
                converted, against: model, promise: .bitwise, on: Array(sequences.prefix(Self.exactnessTexts)),
                resources: resources)
            guard let exactness, exactness.holds else {
                throw FileError(
                    .defect, path: output, "the written file does not compute what the model in memory computes"
                )
            }
            readBack = (model, exactness)
        }
        guard let readBack else { throw CommandError(status: .defect, description: "\(output) was not read back") }
        return (TransformerModel(path: output, model: readBack.model), readBack.exactness)
    }

    /// Texts that both models run on: one wrong weight shows in the first.
    private static let exactnessTexts = 100

    private func compression() throws -> Checkpoint.Compression {
        let parts = compress.split(separator: ":", omittingEmptySubsequences: false)
        switch (parts.first, parts.count) {
        case ("none", 1): return .none
        case ("zstd", 1): return .zstd(level: Self.zstdLevel)
        case ("zstd", 2):
            if let level = Int(parts[1]), (1...19).contains(level) { return .zstd(level: level) }
        default: break
        }
        throw ValidationError("--compress is none, zstd or zstd:LEVEL with a level from 1 to 19, not \"\(compress)\".")
    }

    /// Weights barely shrink further above it, and writing gets slow.
    private static let zstdLevel = 9
}

extension HealingSummary.Method: ExpressibleByArgument {}
