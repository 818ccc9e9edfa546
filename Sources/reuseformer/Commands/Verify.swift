import ArgumentParser
import ReuseTransformers
import Foundation
import ModelGraph
import Reporting
import Statistics
import Verification

struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare a converted model with its source on held-out texts, and fail when it is not good enough.",
        discussion: """
              reuseformer verify MODEL small.reuse.h5 --data heldout.txt \\
                --fail-on 'hidden.cosine.mean<0.97' --junit verdict.xml

            A gate (--fail-on) is a condition under which the converted model is not good enough. When one is true, \
            the exit status is 3. The JUnit file is written in any case: a comparison that could not be made is an \
            error in it.

            Metrics: \(Metric.allCases.map(\.rawValue).joined(separator: ", ")).

            \(SharedHelp.reading)
            """)

    @Argument(help: ArgumentHelp("The source model.", valueName: "source"), completion: .file())
    var source: String

    @Argument(help: ArgumentHelp("The converted model.", valueName: "converted"), completion: .file())
    var converted: String

    @Option(
        help: ArgumentHelp("Held-out texts, one a line; none that the model was calibrated on.", valueName: "file"),
        completion: .file())
    var data: String?

    @Option(
        help: ArgumentHelp(
            "Held-out texts with their class, instead of --data: label<TAB>text, a table, or .jsonl. Adds accuracy; "
                + "for a model that gives numbers mae and r2.",
            valueName: "file"),
        completion: .file(extensions: ["tsv", "csv", "jsonl"]))
    var labelled: String?

    @Option(
        help: ArgumentHelp(
            "Labels of the texts, one a line: class names or numbers. Adds the metric accuracy; for a model that gives "
                + "numbers (here also a .npy or .npz) mae and r2.", valueName: "file"),
        completion: .file())
    var labels: String?

    @Option(
        help: ArgumentHelp(
            "Scored pairs of texts: score, text, text, separated by tabs. Adds the metric spearman.",
            valueName: "file"),
        completion: .file(extensions: ["tsv"]))
    var pairs: String?

    @Option(
        help: ArgumentHelp("Fail when this holds: METRIC OP VALUE. May be repeated.", valueName: "condition"))
    var failOn: [String] = []

    @OptionGroup var tables: TableOptions
    @OptionGroup var answerColumns: AnswerColumnOptions

    @Option(help: ArgumentHelp("Longest text in tokens; longer ones are cut.", valueName: "count"))
    var maxLength = 512

    @Flag(help: "Time both models and add the metric speedup.")
    var timing = false

    @Option(
        help: ArgumentHelp("Where to write the verdict as JUnit XML.", valueName: "file"),
        completion: .file(extensions: ["xml"]))
    var junit: String?

    @OptionGroup var pooling: PoolingOption
    @OptionGroup var reporting: ReportOption

    @OptionGroup(visibility: .hidden) var reading: CheckpointOptions
    @OptionGroup var json: JSONOption
    @OptionGroup var threads: ThreadsOption
    @OptionGroup var memory: MemoryOption
    @OptionGroup var force: ForceOption
    @OptionGroup var quiet: QuietOption

    func validate() throws {
        for text in failOn { try check(gate: text) }
        if data == nil, labelled == nil, pairs == nil {
            throw ValidationError("Give --data with held-out texts, --labelled, or --pairs.")
        }
        if labelled != nil, data != nil || labels != nil {
            throw ValidationError("--labelled holds texts and labels; leave out --data and --labels.")
        }
        if labels != nil || answerColumns.labelColumn != nil, data == nil, labelled == nil {
            throw ValidationError("Labels are for the texts of --data: give both.")
        }
        if answerColumns.scoreColumn != nil, pairs == nil {
            throw ValidationError("--score-column is about the file of --pairs: give both.")
        }
        if maxLength < 4 { throw ValidationError("--max-length must be at least 4 tokens.") }
    }

    private var hasLabels: Bool { labels != nil || labelled != nil || answerColumns.labelColumn != nil }

    /// What can be known of a gate before anything is measured.
    private func check(gate text: String) throws {
        let gate: QualityGate
        do { gate = try QualityGate(text) } catch { throw ValidationError("--fail-on: \(error).") }
        let condition = gate.gate.condition
        if let emptiness = condition.emptiness { throw ValidationError("--fail-on: \(emptiness).") }
        let missing: String? =
            switch condition.metric {
            case .speedup where !timing: "--timing"
            case .accuracy where !hasLabels, .meanAbsoluteError where !hasLabels, .r2 where !hasLabels: "--labels"
            case .spearman where pairs == nil: "--pairs"
            default: nil
            }
        if let missing {
            throw ValidationError("--fail-on \(condition.metric.rawValue): give \(missing) to measure it.")
        }
    }

    func run() throws {
        quiet.apply()
        for gate in try failOn.map({ try QualityGate($0).gate.condition }) where gate.holdsForBetter {
            let name = gate.metric.rawValue
            Terminal.note(
                "reuseformer: note: --fail-on '\(gate)' fails for good values: of \(name) "
                    + (gate.metric.isBetterHigher ? "more is better" : "less is better"))
        }
        try OutputFile.check(junit, as: .junit, force: force.force)
        try OutputFile.check(reporting.report, as: .report, force: force.force)
        try OutputFile.check(json)
        let columns = tables.columns(label: answerColumns.labelColumn, score: answerColumns.scoreColumn)
        var inputs = InputPaths(columns)
        inputs.append(data, as: .items)
        inputs.append(labelled, as: .labelledTexts)
        inputs.append(labels ?? (answerColumns.labelColumn == nil ? nil : data), as: .labels)
        inputs.append(pairs, as: .scoredPairs)
        try inputs.check()
        let start = ContinuousClock.now
        do {
            try judge()
        } catch let error as CommandError where error.status == .gateFailed {
            throw error
        } catch {
            writeError(error, after: ContinuousClock.now - start)
            throw error
        }
    }

    /// Leaves a JUnit file that says why there is no verdict: a CI system takes a missing one for a job that never ran.
    private func writeError(_ error: any Error, after passed: Duration) {
        let failure = Failure(error)
        guard let junit, failure.status != .interrupted else { return }
        let document = JUnit.document(
            ofErrorBetween: TransformerModel.name(of: source), and: TransformerModel.name(of: converted),
            kind: "\(failure.status)", message: failure.lines.joined(separator: "; "),
            seconds: passed / Duration.seconds(1))
        // What went wrong first is what is told.
        guard (try? OutputFile.write(Array(document.utf8), to: junit)) != nil else { return }
        Terminal.noteWritten(junit)
    }

    private func judge() throws {
        try reading.checkPaths([source, converted])
        let gates = try failOn.map { try QualityGate($0) }
        let progress = Progress()
        defer { progress.abandon() }
        progress.begin("Reading the models")
        let source = try reading.model(at: source), converted = try reading.model(at: converted)
        let verifier = ModelVerifier(
            source: source, converted: converted, pooling: pooling.pooling,
            resources: try threads.resources(memory: memory))
        let data = VerificationData(
            path: data, labels: labels, labelled: labelled, pairs: pairs, maximumTokens: maxLength,
            columns: tables.columns(label: answerColumns.labelColumn, score: answerColumns.scoreColumn))
        let comparison = try verifier.verify(on: data, gates: gates, timing: timing).run(progress.work)
        progress.end()
        var verdict = comparison.report
        verdict.circumstances?.arguments = Terminal.arguments
        if let junit {
            try OutputFile.write(Array(comparison.junit.utf8), to: junit)
            Terminal.noteWritten(junit)
        }
        if let report = reporting.report {
            var page = ReportPage(model: .init(name: source.name, model: source.model))
            page.converted = .init(name: converted.name, model: converted.model)
            page.plan = converted.model.plan
            page.verification = verdict
            try OutputFile.write(Array(page.html(version: Version.text).utf8), to: report)
            Terminal.noteWritten(report)
        }
        if json.json {
            try Terminal.print(document: verdict)
        } else {
            Terminal.print(FidelityTable.table(of: verdict).text(width: Terminal.width))
        }
        for gate in comparison.closeGates { Terminal.note("reuseformer: note: \(gate)") }
        guard comparison.passed else {
            throw CommandError(
                status: .gateFailed,
                description: "\(converted.name) is not good enough: " + comparison.failures.joined(separator: ", "))
        }
    }
}
