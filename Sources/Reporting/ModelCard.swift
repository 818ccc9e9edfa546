import Analysis
import ModelGraph
import Rewriting
import Verification

/// The `README.md` beside a converted model, as model hubs read it: a block of metadata, then what the model is, what
/// it gains and loses against its source, and the commands that give these figures.
package struct ModelCard {
    /// What is known of the conversion.
    let page: ReportPage
    let converted: ReportPage.Subject
    let report: VerificationReport
    /// `OWNER/NAME` of the source on a hub; `nil` where nobody said it.
    let baseModel: String?

    /// - Parameters:
    ///   - page: Of a conversion whose file was written and compared with its source.
    ///   - baseModel: `OWNER/NAME` of the source on a hub.
    /// - Returns: `nil` for a page without a converted model or without its comparison.
    package init?(_ page: ReportPage, baseModel: String?) {
        guard let converted = page.converted, let report = page.verification else { return nil }
        self.page = page
        self.converted = converted
        self.report = report
        self.baseModel = baseModel
    }

    /// The whole file.
    ///
    /// - Parameter version: Of the program, for the foot.
    package func markdown(version: String) -> String {
        let parts = [
            metadata.yaml, "# \(converted.name.escapedForMarkdown)", introduction, use, figures, quality, changes,
            files, origin,
            "Written by reuseformer \(version). Multiply-adds and parameters come from the cost model; sizes, "
                + "speeds and metrics were measured.",
        ]
        return parts.compactMap(\.self).joined(separator: "\n\n") + "\n"
    }

    // MARK: Parts

    private var introduction: String {
        let source = baseModel ?? page.source.name
        let maps = report.savings.maps
        var sentences = ["Made from \(source.escapedForMarkdown) by reuseformer, without training."]
        if maps.converted < maps.source {
            sentences.append(
                "\(maps.converted) of \(maps.source) attention maps are computed; the other heads read maps computed "
                    + "earlier or fixed patterns, or are dropped.")
        }
        if let precision = converted.graph.precisionText { sentences.append("Precision: \(precision).") }
        if let healing = page.healing, healing.method == .closed {
            let kept = healing.steps.count { $0.verdict == .kept }
            sentences.append("\(kept) projections were refitted by least squares.")
        }
        return sentences.joined(separator: " ")
    }

    private var use: String {
        let name = converted.name.quotedForShell, graph = converted.graph.graph
        let run: String? =
            if graph.readsText, graph.use == .languageModel {
                "--generate --prompt \"Once\""
            } else if graph.readsText {
                "--texts sentences.txt -o vectors.npy"
            } else if graph.inputs.contains("pixel_values") {
                "--images FOLDER"
            } else {
                nil
            }
        let lines = ["reuseformer inspect \(name)"] + (run.map { ["reuseformer run \(name) \($0)"] } ?? [])
        return """
            ## Use

            \(fenced(lines.joined(separator: "\n")))

            From Python `reuseformer.Embedder`, `Classifier` and `Generator` take the file, from Swift
            `TransformerModel(at:)`.
            """
    }

    /// What was gained: of the cost model, of files, of clocks.
    private var figures: String {
        var table = TextTable([.init("", .left), .init("source"), .init("converted"), .init("change")])
        let savings = report.savings
        func row(_ name: String, _ change: Savings.Change, bytes: Bool = false) {
            func text(_ value: Int) -> String { bytes ? Format.bytes(value) : Format.short(Double(value)) }
            table.append([name, text(change.source), text(change.converted), Format.change(-change.saved, 2)])
        }
        row("attention maps", savings.maps)
        row("multiply-adds \(savings.measure)", savings.multiplyAdds)
        row("parameters", savings.parameters)
        row("bytes of the parameters", savings.bytes, bytes: true)
        if let cache = savings.cache { row("bytes kept for each token", cache, bytes: true) }
        if let files = report.circumstances, let before = files.source, let after = files.converted {
            let bytes = Circumstances.bytes
            row("file", Savings.Change(source: bytes(before), converted: bytes(after)), bytes: true)
        }
        var parts = ["## What it gains", table.markdown]
        if let timed = report.speed, timed.count > 1, let last = timed.last {
            let threads = last.threads == 1 ? "1 thread" : "\(last.threads) threads"
            parts.append(
                "Speed at \(SpeedTable.load(last.load)), \(threads), on the machine of the conversion: "
                    + "\(SpeedTable.ratio(last.speedup)) (\(SpeedTable.range(last.speedupLow, last.speedupHigh))). "
                    + "On yours:")
            parts.append(fenced("reuseformer bench \(sourceName) \(converted.name.quotedForShell)"))
        }
        return parts.joined(separator: "\n\n")
    }

    /// What was lost.
    private var quality: String {
        guard report.data.texts > 0 else {
            return "## What it loses\n\nNothing was run: how near its outputs are to its source's was not measured."
        }
        var table = TextTable([.init("metric", .left), .init("value"), .init("interval"), .init("meaning", .words)])
        for measured in report.metrics where !measured.metric.isSaving {
            let output = measured.output.map { " of \($0)" } ?? ""
            let source = measured.source.map { " (source \(FidelityTable.text(measured.metric, $0)))" } ?? ""
            table.append([
                measured.metric.rawValue + output, FidelityTable.text(measured.metric, measured.value) + source,
                measured.interval.map { FidelityTable.interval(measured.metric, $0) } ?? "", measured.metric.meaning,
            ])
        }
        let verdict = VerdictText(report, texts: page.judgedOn)
        var parts = ["## What it loses", "Measured on \(page.judgedOn.escapedForMarkdown).", table.markdown]
        parts.append("Good enough to take the place of its source? **\(verdict.answer)**")
        parts.append(verdict.reasons.map { "- \($0.escapedForMarkdown)" }.joined(separator: "\n"))
        if !report.warnings.isEmpty {
            parts.append(report.warnings.map { "- Mind: \($0.escapedForMarkdown)" }.joined(separator: "\n"))
        }
        parts.append("On texts of your own:")
        parts.append(
            fenced("reuseformer verify \(sourceName) \(converted.name.quotedForShell) --data heldout.txt"))
        return parts.filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    /// Which heads take their maps from where.
    private var changes: String? {
        guard let plan = page.plan, plan.replacedCount > 0 else { return nil }
        let table = PlanTable.table(of: plan, width: nil)
        return "## Plan\n\n\(table.markdown)\n\n"
            + PlanNotation.legend.escapedForMarkdown
    }

    /// The files that are spoken of, by their digests.
    private var files: String? {
        let stored = (report.circumstances?.source ?? []) + (report.circumstances?.converted ?? [])
        guard !stored.isEmpty else { return nil }
        var table = TextTable([.init("file", .left), .init("bytes"), .init("SHA-256", .left)])
        for file in stored { table.append([file.name, "\(file.bytes)", file.sha256]) }
        return "## Files\n\n\(table.markdown)"
    }

    /// The command that wrote the model and measured these figures.
    private var origin: String? {
        guard let arguments = report.circumstances?.arguments else { return nil }
        // A card is published: folders of the machine are nobody's business.
        let words = (["reuseformer"] + arguments.map(\.withoutFolders)).map(\.quotedForShell)
        return "## How it was made\n\nThis command wrote the model and gave the figures above; the same input gives "
            + "the same file.\n\n\(fenced(words.joined(separator: " ")))"
    }

    private var sourceName: String { page.source.name.quotedForShell }

    /// A block of code whose fence does not occur in it.
    private func fenced(_ code: String) -> String {
        var fence = "```"
        while code.contains(fence) { fence += "`" }
        return "\(fence)\n\(code)\n\(fence)"
    }
}

extension String {
    /// The last part of a path from the root; other arguments stay.
    fileprivate var withoutFolders: String {
        guard hasPrefix("/"), let last = split(separator: "/").last else { return self }
        return String(last)
    }
}
