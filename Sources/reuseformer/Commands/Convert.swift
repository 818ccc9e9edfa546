import Analysis
import ArgumentParser
import Checkpoints
import Evaluation
import Foundation
import HDF5
import ModelGraph
import Platform
import Quantizing
import Reporting
import ReuseTransformers
import Rewriting
import Runtime
import Verification

struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a smaller, faster model: analyse, plan, rewrite, heal, check, write.",
        discussion: """
              reuseformer convert MODEL --calibration texts.txt --budget 1/3 \\
                -o small.reuse.h5

            does everything, from a checkpoint and some texts. To follow a plan that `reuseformer plan` made and you \
            may have edited:

              reuseformer convert MODEL --calibration texts.txt --plan plan.json \\
                -o small.reuse.h5

            The file holds everything that is needed to run the model, tokenizer included. Before it gets its name it \
            is read back and run: it computes what the model in memory computes, to the bit, or nothing is written. \
            The same input gives the same file, whatever the number of threads.

            With --plan, --heal none and no texts nothing is run: the way for models that are larger than memory.

            \(SharedHelp.reading)
            """)

    @OptionGroup var model: ModelArgument
    @OptionGroup var calibration: CalibrationOptions

    @Option(
        help: ArgumentHelp(
            "How much to save, or how good to stay: 1/3, 30%, macs:10%@128, bytes:8%, speed:1.5x@32x128, "
                + "quality:METRIC>=VALUE (default: macs:15%@128).",
            valueName: "budget"))
    var budget: String?

    @Option(
        help: ArgumentHelp("A plan instead of a budget.", valueName: "file"), completion: .file(extensions: ["json"]))
    var plan: String?

    @Option(
        help: ArgumentHelp(
            "A budget and a precision that belong together: light, balanced or small.",
            discussion: """
                light: macs:15%@128; balanced: macs:25%@128; small: macs:40%@128; each with --precision int8 unless \
                another is given.
                """, valueName: "name"))
    var preset: ConversionPreset?

    @Option(
        help: ArgumentHelp("What `analyze` wrote for this model: saves the analysis.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var analysis: String?

    @Option(
        help: ArgumentHelp(
            "Where to write the analysis, JSON: what `analyze` would write of the moves that are allowed.",
            valueName: "file"),
        completion: .file(extensions: ["json"]))
    var analysisOut: String?

    @OptionGroup var planning: PlanningOptions
    @OptionGroup var gating: GateOptions
    @OptionGroup var precision: PrecisionOptions

    @Option(
        help: ArgumentHelp(
            "Let inputs of a classifier leave behind an earlier layer, while so many keep their class: 99.5%.",
            discussion: "Alone it is a conversion too, without --budget.", valueName: "share"))
    var exits: AgreementShare?

    @Option(help: "How to repair what reuse breaks: closed (least squares, no training) or none.")
    var heal: ModelConverter.Healing = .closedForm

    @Flag(
        help: ArgumentHelp(
            "Give layers that share weights output projections of their own where healing needs them.",
            discussion: "Without it, healing refuses to split what the layers of an ALBERT share."))
    var unshare = false

    @Option(
        help: ArgumentHelp(
            "How to store tensors: zstd, zstd:LEVEL, or none. Nothing is lost; none is read a little sooner.",
            valueName: "method"))
    var compress = "zstd"

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The file to write; not needed with --dry-run.", valueName: "file"),
        completion: .file(extensions: ["h5"]))
    var output: String?

    @OptionGroup var keeping: KeepingOptions
    @OptionGroup var together: RoundsOptions
    @OptionGroup var trying: DryRunOption
    @OptionGroup var reporting: ReportOption
    @OptionGroup var card: ModelCardOptions

    @OptionGroup(visibility: .hidden) var reading: CheckpointOptions
    @OptionGroup var threads: ThreadsOption
    @OptionGroup var memory: MemoryOption
    @OptionGroup var json: JSONOption
    @OptionGroup var force: ForceOption
    @OptionGroup var quiet: QuietOption

    /// The file to write; empty where nothing is written.
    private var file: String { output ?? "" }

    func validate() throws {
        if output == nil, !trying.dryRun { throw ValidationError("Missing expected argument '--output <file>'") }
        if budget != nil, plan != nil { throw ValidationError("Give either --budget or --plan.") }
        if preset != nil, budget != nil || plan != nil {
            throw ValidationError("A --preset has a budget of its own: leave out --budget and --plan.")
        }
        if budget == nil, plan == nil, preset == nil {
            if analysis != nil, isPrecisionAlone {
                throw ValidationError("A precision alone, or exits, need no --analysis.")
            }
        }
        if calibration.calibration.isEmpty, exits != nil {
            throw ValidationError("Give --calibration: exits are fitted on data.")
        }
        if calibration.calibration.isEmpty, precision.needsData {
            throw ValidationError("Give --calibration: this precision needs data.")
        }
        if calibration.calibration.isEmpty,
            !isPrecisionAlone && (plan == nil || heal != .none) || reporting.report != nil
        {
            throw ValidationError(
                "Give --calibration with a file of texts. Only --plan with --heal none and no --report does without.")
        }
        if keeping.path != nil, isPrecisionAlone || calibration.calibration.isEmpty {
            throw ValidationError("--resume keeps an analysis and refits: a precision alone, or no texts, has none.")
        }
        if together.rounds != nil {
            if keeping.path != nil { throw ValidationError("--rounds keeps refits itself: leave out --resume.") }
            if plan == nil, analysis == nil || isPrecisionAlone {
                throw ValidationError("--rounds follows a --plan, or a --budget with its --analysis.")
            }
            if heal == .none { throw ValidationError("Without healing there is nothing to do in --rounds.") }
        }
        if trying.dryRun, isPrecisionAlone || wantedPrecision != .float32 || calibration.calibration.isEmpty {
            throw ValidationError("--dry-run foretells conversions on data, in float32.")
        }
        if budget?.hasPrefix("quality:") == true, trying.dryRun {
            throw ValidationError("--dry-run cannot foretell how long the search for a quality takes.")
        }
        if plan != nil, analysis != nil { throw ValidationError("A --plan needs no --analysis.") }
        if plan != nil, !planning.layers.isEmpty {
            throw ValidationError("A --plan says itself what is replaced; leave out --keep and --only.")
        }
        if analysisOut != nil, wantedBudget == nil || analysis != nil {
            throw ValidationError(
                "--analysis-out writes the analysis that is made; with --plan, --analysis or a precision alone none "
                    + "is.")
        }
        try card.check(isMeasured: !calibration.calibration.isEmpty, output: file)
        _ = try compression()
    }

    func run() throws {
        quiet.apply()
        try OutputFile.check(output, as: .model, force: force.force)
        try OutputFile.check(analysisOut, as: .document, force: force.force)
        try OutputFile.check(reporting.report, as: .report, force: force.force)
        try OutputFile.check(card.path(beside: file), as: .card, force: force.force)
        try OutputFile.check(json)
        let budget = try wantedBudget.map { try ConversionBudget($0) }
        try InputPaths.check(calibration)
        try gating.noteInverted()
        let plan = try self.plan.map { try ConversionPlan(contentsOf: $0) }
        let analysis = try self.analysis.map { try ModelAnalysis(contentsOf: $0) }
        let resources = try threads.resources(memory: memory, beside: output)
        let progress = Progress(steps: stepCount)
        defer { progress.abandon() }
        progress.begin("Reading the model")
        let source = try reading.model(at: model.model)
        let converter = ModelConverter(source, try options(), resources: resources)
        let planSource = plan.map(ModelConverter.PlanSource.plan) ?? budget.map { .budget($0, analysis) }
        if let planSource {
            for caution in try converter.cautions(for: planSource) { progress.note(caution) }
        }
        if trying.dryRun, let planSource {
            let forecast = try converter.forecast(calibration.data, planSource).run(progress.work)
            progress.end()
            return Terminal.print(ForecastText.describe(forecast, output: file))
        }
        let result: ConversionResult
        if let plan, calibration.calibration.isEmpty {
            result = try converter.rewrite(along: plan, to: file).run(progress.work)
        } else if let planSource {
            result = try converter.convert(calibration.data, planSource, to: file).run(progress.work)
        } else {
            result = try converter.quantize(calibration.calibration.isEmpty ? nil : calibration.data, to: file)
                .run(progress.work)
        }
        if let analysisOut, let analysis = result.analysis {
            try OutputFile.write(document: analysis.document, to: analysisOut)
            Terminal.noteWritten(analysisOut)
        }
        var verdict = result.comparison.report
        verdict.circumstances?.arguments = Terminal.arguments
        // How deep made-up inputs go says nothing about people's own.
        if !calibration.calibration.isEmpty, result.exits == nil {
            verdict.speed = try ModelVerifier(source: source, converted: result.model, resources: resources)
                .time(progress.work, for: wantedBudget.map { try ConversionBudget($0) })
        }
        let page = try page(of: result, verdict, source)
        if let report = reporting.report {
            try OutputFile.write(Array(page.html(version: Version.text).utf8), to: report)
        }
        progress.end()
        try show(verdict, result.plan.plan, result.quantization)
        if let budget = try wantedBudget.map({ try ConversionBudget($0).parsed() }),
            let shortfall = ConversionLine.shortfall(of: verdict, budget)
        {
            Terminal.note("reuseformer: note: \(shortfall)")
        }
        for gate in result.comparison.closeGates { Terminal.note("reuseformer: note: \(gate)") }
        guard result.isKept else {
            if let report = reporting.report { Terminal.noteWritten(report) }
            throw CommandError(
                status: .gateFailed,
                description: "\(file) was not written: it is not good enough: "
                    + result.comparison.failures.joined(separator: ", "))
        }
        Terminal.noteWritten(
            file, ConversionLine.text(of: verdict, items: source.model.graph.graph.readsText ? "texts" : "inputs"))
        if let report = reporting.report { Terminal.noteWritten(report) }
        try card.write(page, beside: file)
    }

    /// Whether nothing but another precision, or exits, is asked for.
    private var isPrecisionAlone: Bool {
        budget == nil && plan == nil && preset == nil && (precision.wanted != .float32 || exits != nil)
    }

    /// What is asked for, be it by a preset or by nothing at all.
    private var wantedBudget: String? {
        budget ?? preset?.budget.description ?? (plan == nil && !isPrecisionAlone ? Self.standardBudget : nil)
    }

    /// What is saved where nobody says how much: work, which models of every kind have.
    private static let standardBudget = "macs:15%@128"

    private var wantedPrecision: ConversionPrecision {
        precision.wanted == .float32 ? preset?.precision ?? .float32 : precision.wanted
    }

    /// Stages that will be shown; `nil` where a search decides.
    private var stepCount: Int? {
        if budget?.hasPrefix("quality:") == true { return nil }
        let more = (wantedPrecision == .float32 ? 0 : 1) + (exits == nil ? 0 : 1)
        if wantedBudget == nil, plan == nil { return 4 + more }
        if plan != nil, calibration.calibration.isEmpty { return 3 + more }
        return (plan == nil && analysis == nil ? 8 + measuredBesides : 5) + more
    }

    /// Stages of an analysis for moves that are not about maps.
    private var measuredBesides: Int {
        guard let moves = try? planning.moves() else {
            return ["macs:", "bytes:", "speed:"].contains { wantedBudget?.hasPrefix($0) == true } ? 2 : 0
        }
        return (moves.contains(.neurons) ? 1 : 0) + (moves.contains(.ranks) ? 1 : 0)
    }

    private func options() throws -> ModelConverter.Options {
        var options = ModelConverter.Options(
            moves: try planning.moves(), granularity: planning.granularity, layers: planning.layers.selection,
            gates: try gating.gates(), healing: heal, unsharesLayers: unshare, compression: try compression(),
            precision: wantedPrecision, pooling: calibration.pooling.pooling, keepingIn: keeping.folder,
            exitAgreement: exits?.share)
        options.rounds = together.rounds
        return options
    }

    /// What the report and the card say.
    private func page(
        of result: ConversionResult, _ verdict: VerificationReport, _ source: TransformerModel
    ) throws -> ReportPage {
        let converted = result.model
        var page = ReportPage(
            model: .init(name: source.name, model: source.model), analysis: result.analysis?.document)
        page.converted = .init(name: converted.name, model: converted.model)
        page.plan = converted.model.plan
        page.curve = try result.analysis.map {
            try planning.curve(
                of: $0, budget: wantedBudget.map { try ConversionBudget($0).parsed() }, graph: source.model.graph)
        }
        page.healing = result.healing
        page.quantization = result.quantization
        page.verification = verdict
        return page
    }

    private func show(_ verdict: VerificationReport, _ plan: ReusePlan, _ precision: QuantizationSummary?) throws {
        if json.json {
            try Terminal.print(document: verdict)
        } else {
            let parts =
                (wantedBudget == nil && self.plan == nil && plan.exits.isEmpty ? [] : [PlanText.describe(plan)])
                + (precision.map { [PrecisionText.describe($0)] } ?? [])
            let table = FidelityTable.table(of: verdict).text(width: Terminal.width)
            Terminal.print("\(parts.joined(separator: "\n"))\n\n\(table)")
        }
    }

    private func compression() throws -> TransformerModel.Compression {
        let parts = compress.split(separator: ":", omittingEmptySubsequences: false)
        switch (parts.first, parts.count) {
        case ("none", 1): return .none
        case ("zstd", 1): return .zstd()
        case ("zstd", 2):
            if let level = Int(parts[1]), (1...19).contains(level) { return .zstd(level: level) }
        default: break
        }
        throw ValidationError("--compress is none, zstd or zstd:LEVEL with a level from 1 to 19, not \"\(compress)\".")
    }
}

extension ModelConverter.Healing: ExpressibleByArgument {}
extension ConversionPreset: ExpressibleByArgument {}
