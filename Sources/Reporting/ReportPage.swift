import Analysis
import ModelGraph
import Rewriting
import Verification

/// The report of an analysis, a conversion or a verification: whatever of it there is.
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
    package var verification: VerificationReport?
    package var timings: [Benchmark.Result] = []

    package init(model: Subject, analysis: AnalysisDocument? = nil) {
        source = model
        self.analysis = analysis
    }

    /// The page.
    ///
    /// - Parameter version: Of the program, for the foot of the page.
    package func html(version: String) -> String {
        Page(
            title: converted?.name ?? source.name, subtitle: subtitle, verdict: verdict, figures: figures,
            sections: [
                planSection, similaritySection, curveSection, healingSection, fidelitySection, cacheSection,
                speedSection, provenanceSection,
            ]
            .compactMap(\.self),
            footer: "Written by reuseformer \(version). Multiply-adds and parameters come from the cost model."
        ).html
    }

    private var subtitle: String {
        let layers = source.graph.attentionNodes
        let heads = layers.first?.attention?.heads.count ?? 0
        let isEven = layers.allSatisfy { $0.attention?.heads.count == heads }
        let shape = isEven ? "\(layers.count) layers × \(heads) heads" : "\(source.graph.headIDs.count) heads"
        let parameters = Format.short(Double(source.graph.cost(tokens: 1).parameters)) + " parameters"
        let budget = plan.map { "budget \($0.budget)" }
        let healed = healing.map { $0.method == .closed ? "healed in closed form" : "not healed" }
        return [source.provenance.architecture, shape, parameters, budget, healed].compactMap(\.self).joined(
            separator: " · ")
    }

    private var verdict: Page.Verdict? {
        guard let verification else { return nil }
        let failed = verification.gates.filter { !$0.passed }
        if let first = failed.first {
            let value = first.value.map { Format.significant($0, 4) } ?? "no number"
            return .failed(
                "\(failed.count) of \(verification.gates.count) gates failed: \(first.metric.rawValue) is \(value) "
                    + "(fails when \(first.condition))")
        }
        if verification.exactness?.holds == false { return .failed("the outputs are not those that were promised") }
        return verification.gates.isEmpty ? nil : .passed("all \(verification.gates.count) gates passed")
    }

    private var figures: [Page.Figure] {
        guard let converted else {
            let heads = source.graph.headIDs.count
            return [
                Page.Figure("\(heads)", "attention maps"),
                Page.Figure(analysis.map { Format.short(Double($0.calibration.tokens)) } ?? "–", "tokens analysed"),
                Page.Figure(
                    analysis?.stability.map { Format.fixed($0, 3) } ?? "–", "stability",
                    note: "similarities of two halves of the texts"),
            ]
        }
        let savings = Savings(source: source.graph, converted: converted.graph)
        var result = [
            Page.Figure(
                "\(savings.maps.converted) of \(savings.maps.source)", "attention maps computed",
                note: Format.percent(savings.maps.saved) + " saved"),
            change(savings.multiplyAdds, "multiply-adds at \(savings.tokens) tokens"),
            change(savings.parameters, "parameters"),
        ]
        result += [
            savings.cache.map { change($0, "bytes kept for a token") },
            savings.memoryCache.map { change($0, "bytes kept for a token of the source") },
        ].compactMap(\.self)
        if let metric = [Metric.perplexityRatio, .top1Agreement, .pooledCosineMean, .hiddenCosineMean].first(where: {
            verification?[$0] != nil
        }),
            let value = verification?[metric]
        {
            let texts = verification.map { "\(Format.count($0.data.texts)) texts kept back" } ?? ""
            result.append(Page.Figure(FidelityTable.text(metric, value), metric.rawValue, note: texts))
        }
        if let fastest = timings.filter({ $0.speedup != 1 }).max(by: { $0.speedup < $1.speedup }) {
            let threads = fastest.threads == 1 ? "1 thread" : "\(fastest.threads) threads"
            result.append(
                Page.Figure("\(Format.fixed(fastest.speedup, 2)) ×", "speed", note: "\(fastest.load), \(threads)"))
        }
        return result
    }

    private func change(_ change: Savings.Change, _ name: String) -> Page.Figure {
        Page.Figure(
            Format.percent(-change.saved), name,
            note: "\(Format.short(Double(change.source))) → \(Format.short(Double(change.converted)))")
    }
}
