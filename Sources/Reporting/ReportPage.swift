import Analysis
import Costs
import ModelGraph
import Quantizing
import Rewriting
import Verification

/// The report of a conversion or a verification: whatever of it there is. What somebody who has to decide asks first
/// stands first: whether the model is good enough, what it gains, what it loses.
package struct ReportPage {
    /// What the report is about.
    package struct Subject: Sendable {
        let name: String
        let graph: CheckedGraph
        let provenance: Model.Provenance

        package init(name: String, model: Model) {
            self.name = name
            graph = model.graph
            provenance = model.provenance
        }
    }

    let source: Subject
    package var converted: Subject?
    package var plan: ReusePlan?
    package var analysis: AnalysisDocument?
    package var curve: PlanCurve?
    package var healing: HealingSummary?
    /// What quantising did to each group of matrices; `nil` where nobody kept it, or nothing was quantised.
    package var quantization: QuantizationSummary?
    package var verification: VerificationReport?
    /// Whether the data that judge are a part of those that the conversion was given; else they were given to judge.
    var isKeptBack: Bool { verification?.data.origin == .keptBack }

    package init(model: Subject, analysis: AnalysisDocument? = nil) {
        source = model
        self.analysis = analysis
    }

    /// The page.
    ///
    /// - Parameter version: Of the program, for the foot of the page.
    package func html(version: String) -> String {
        Page(
            title: converted?.name ?? source.name, subtitle: subtitle, verdict: verdict,
            groups: converted == nil
                ? [Page.FigureGroup("", analysisFigures)]
                : [Page.FigureGroup("What you gain", gains), Page.FigureGroup("What you lose", losses)],
            sections: [
                speedSection, fidelitySection, cacheSection, planSection, similaritySection, curveSection,
                healingSection, precisionSection, provenanceSection,
            ]
            .compactMap(\.self),
            footer: "Written by reuseformer \(version). Multiply-adds and parameters come from the cost model; sizes, "
                + "speeds and metrics were measured."
        ).html
    }

    private var subtitle: String {
        let layers = source.graph.attentionNodes
        let heads = layers.first?.attention?.heads.count ?? 0
        let isEven = layers.allSatisfy { $0.attention?.heads.count == heads }
        let stacks = LayerStacks(of: source.graph)
        let each = stacks.stacks.count > 1 ? ", \(heads) heads each" : " × \(heads) heads"
        let shape = isEven ? stacks.text + each : "\(stacks.text), \(source.graph.headIDs.count) heads"
        let parameters = Format.short(Double(source.graph.cost(tokens: 1).parameters)) + " parameters"
        let from = converted == nil ? nil : "made from \(source.name)"
        let budget = plan.map { "budget \($0.budget)" }
        let healed = healing.map { $0.method == .closed ? "healed in closed form" : "not healed" }
        let precision = quantization.map { "precision \($0.wanted)" }
        let parts = [from, source.provenance.architecture, shape, parameters, budget, healed, precision]
        return parts.compactMap(\.self).joined(separator: " · ")
    }

    /// What was judged on, in words: `62 texts kept back`, `209 texts of --data heldout.txt`.
    var judgedOn: String {
        guard let verification else { return "" }
        let count = "\(Format.count(verification.data.texts)) \(itemName(verification.data.texts))"
        switch verification.data.origin {
        case .keptBack: return count + " kept back"
        case .choosing: return count + " that chose"
        // The files that are named are those of the calibration data.
        case .given where verification.data.calibration != nil: return count
        case .given: break
        }
        let files = verification.circumstances?.data ?? []
        return files.isEmpty ? count : count + " of " + files.joined(separator: " and ")
    }

    /// What one item of the data is called.
    func itemName(_ count: Int) -> String {
        let name = source.graph.graph.readsText ? "text" : "input"
        return count == 1 ? name : name + "s"
    }

    private var verdict: Page.Verdict? {
        guard let verification else { return nil }
        let words = VerdictText(verification, texts: judgedOn)
        let tone: Page.Verdict.Tone =
            switch verification.verdict.outcome {
            case .good: .good
            case .unsure, .unmeasured: .unsure
            case .bad: .bad
            }
        return Page.Verdict(
            tone, question: "Is it good enough to take the place of its source?", answer: words.answer,
            reasons: words.reasons, note: words.note)
    }

    // MARK: Figures

    private var analysisFigures: [Page.Figure] {
        [
            Page.Figure("\(source.graph.headIDs.count)", "attention maps"),
            Page.Figure(analysis.map { Format.short(Double($0.calibration.tokens)) } ?? "–", "tokens analysed"),
            Page.Figure(
                analysis?.stability.map { Format.fixed($0, 3) } ?? "–", "stability",
                note: "similarities of two halves of the texts"),
        ]
    }

    private var gains: [Page.Figure] {
        guard let converted else { return [] }
        let savings = verification?.savings ?? Savings(source: source.graph, converted: converted.graph)
        let maps = "\(savings.maps.converted) of \(savings.maps.source) attention maps computed"
        return [
            size,
            Page.Figure(Format.change(-savings.multiplyAdds.saved), "multiply-adds \(savings.measure)", note: maps),
            speed(savings),
            savings.cache.map { change($0, "bytes kept for each token") },
            savings.memoryCache.map { change($0, "bytes kept for each token of the source") },
        ].compactMap(\.self)
    }

    /// The size of the file that was written; of its parameters where no file is known.
    private var size: Page.Figure? {
        guard let files = verification?.circumstances, let after = files.converted, let before = files.source else {
            return verification.map { change($0.savings.bytes, "bytes of the parameters") }
        }
        let (from, to) = (Circumstances.bytes(of: before), Circumstances.bytes(of: after))
        let share = from > 0 ? "\(Format.change(Double(to) / Double(from) - 1)) " : ""
        let parameters = verification.map { Format.change(-$0.savings.parameters.saved) } ?? "–"
        return Page.Figure(
            Format.bytes(to), "file",
            note: "\(share)from \(Format.bytes(from)) of \(source.name); parameters \(parameters)")
    }

    private func speed(_ savings: Savings) -> Page.Figure {
        let timed = verification?.speed ?? []
        guard let result = timed.last, timed.count > 1 else {
            return Page.Figure(
                SpeedTable.ratio(savings.predictedSpeedup), "speed, predicted",
                note: "not measured: from multiply-adds")
        }
        let threads = result.threads == 1 ? "1 thread" : "\(result.threads) threads"
        let range = SpeedTable.range(result.speedupLow, result.speedupHigh)
        let undecided =
            SpeedTable.isUndecided(result)
            ? ": no difference that could be told" : result.speedup < 1 ? ": slower than its source" : ""
        return Page.Figure(
            SpeedTable.ratio(result.speedup), "speed at \(SpeedTable.load(result.load)), \(threads)",
            note: range + undecided)
    }

    private var losses: [Page.Figure] {
        guard let verification else { return [] }
        return ShippingVerdict.mainMetrics(of: verification.metrics).map { measured in
            let demand = verification.verdict.criteria.first { $0.metric == measured.metric }.map(VerdictText.demand)
            let source = measured.source.map { "source \(FidelityTable.text(measured.metric, $0))" }
            let interval = measured.interval.map { FidelityTable.interval(measured.metric, $0) }
            let notes = [interval, source, "on \(judgedOn)", demand.map { "default: \($0)" }]
            return Page.Figure(
                FidelityTable.text(measured.metric, measured.value), measured.metric.rawValue,
                note: notes.compactMap(\.self).joined(separator: " · "), scale: measured.metric.yardstick)
        }
    }

    private func change(_ change: Savings.Change, _ name: String) -> Page.Figure {
        Page.Figure(
            Format.change(-change.saved), name,
            note: "\(Format.short(Double(change.source))) → \(Format.short(Double(change.converted)))")
    }
}
