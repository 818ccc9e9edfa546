import Analysis
import ModelGraph
import Rewriting
import Verification

extension ReportPage {
    var planSection: Page.Section? {
        guard let plan else { return nil }
        return Page.Section(
            "Plan",
            [
                .text(
                    "Each row is a layer, each cell a head. A head that reads a map computed elsewhere carries the "
                        + "name of that map, L3H1 for head 1 of layer 3, in its layer's colour; +n: a weighted sum of "
                        + "n more. Point at a cell to see every term."), .planGrid(PlanGrid(plan)),
                .folded(
                    title: "The plan as a table",
                    [.table(PlanTable.table(of: plan, width: nil)), .text(PlanNotation.legend)]),
            ] + (plan.neurons.isEmpty ? [] : [.table(PlanTable.neurons(of: plan))])
                + (plan.ranks.isEmpty ? [] : [.table(PlanTable.ranks(of: plan))])
                + (plan.tokens.isEmpty ? [] : [.table(PlanTable.tokens(of: plan))])
                + (plan.exits.isEmpty ? [] : [.table(PlanTable.exits(of: plan))]))
    }

    var similaritySection: Page.Section? {
        guard let analysis, let map = heatMap(analysis) else { return nil }
        var words =
            "How alike two heads distribute their attention: 1 minus the total variation distance of their maps, mean "
            + "over \(Format.count(analysis.calibration.tokens)) tokens. 1: the same map; 0: nothing in common."
        if let stability = analysis.stability {
            words += " Similarities measured on two halves of the texts correlate at \(Format.fixed(stability, 4))."
        }
        return Page.Section(
            "Similarity of attention maps",
            [.text(words), .heatMap(map), .folded(title: "What each head looks at", [.table(profiles(analysis))])])
    }

    private func heatMap(_ analysis: AnalysisDocument) -> HeatMap? {
        let count = analysis.heads.count
        var values = [Float](repeating: .nan, count: count * count)
        for (row, similarities) in analysis.similarity.enumerated() where row < count {
            for (column, value) in similarities.enumerated() where column < row {
                values[row * count + column] = Float(value)
            }
        }
        var layers: [(node: String, heads: Int)] = []
        var start = 0
        while start < count {
            let end = analysis.heads[start...].firstIndex { $0.node != analysis.heads[start].node } ?? count
            layers.append((analysis.heads[start].node, end - start))
            start = end
        }
        let groups = zip(LayerNames(layers.map(\.node)).full, layers).map { HeatMap.Group(name: $0, count: $1.heads) }
        return HeatMap(groups: groups, values: values, framed: reusedPairs(analysis))
    }

    private func reusedPairs(_ analysis: AnalysisDocument) -> Set<HeatMap.Pair> {
        let places = Dictionary(
            analysis.heads.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
        var pairs: Set<HeatMap.Pair> = []
        for layer in plan?.layers ?? [] {
            for (head, choice) in layer.heads.enumerated() {
                guard let row = places[HeadID(node: layer.node, head: head)] else { continue }
                for term in choice.source.terms {
                    guard case .head(let id) = term.map, let column = places[id] else { continue }
                    pairs.insert(.init(row: max(row, column), column: min(row, column)))
                }
            }
        }
        return pairs
    }

    private func profiles(_ analysis: AnalysisDocument) -> TextTable {
        var table = TextTable(
            [
                .init("head", .left), .init("entropy"), .init("itself"), .init("previous"), .init("next"),
                .init("first"), .init("separator"),
            ], caption: "Share of its attention that each head gives to a place, and how spread out it is (entropy)")
        for head in analysis.heads {
            table.append([
                "\(head.id)", Format.fixed(head.entropy, 2), Format.percent(head.own, 0),
                Format.percent(head.previous, 0),
                Format.percent(head.next, 0), Format.percent(head.first, 0),
                head.separator.map { Format.percent($0, 0) } ?? "",
            ])
        }
        return table
    }

    var curveSection: Page.Section? {
        guard let analysis else { return nil }
        var blocks: [Page.Block] = []
        if let curve, curve.points.count > 1 {
            let hasNeurons = curve.points.contains { $0.neurons != nil }
            let chosen = plan.flatMap { plan in
                curve.points.first { point in
                    point.replaced >= plan.replacedCount && (point.neurons ?? 0) >= plan.removedNeurons
                }
            }
            blocks.append(
                .lines(
                    LineChart(
                        title: hasNeurons
                            ? "Expected damage as more is given up" : "Expected damage as more maps are reused",
                        horizontal: Axis(
                            hasNeurons ? "share of multiply-adds saved" : "share of maps no longer computed",
                            notation: .percent),
                        vertical: Axis("damage at the output"),
                        series: [
                            .init(
                                name: "",
                                points: curve.points.map {
                                    .init(
                                        x: hasNeurons ? $0.multiplyAdds : $0.maps, y: $0.damage,
                                        note: "\($0.replaced) maps, \(Format.percent($0.multiplyAdds)) of multiply-adds"
                                    )
                                })
                        ],
                        marker: chosen.map {
                            .init(x: hasNeurons ? $0.multiplyAdds : $0.maps, y: $0.damage, note: "this plan")
                        })))
        }
        if let comparison = curve?.comparison, comparison.curves.count > 1 {
            blocks += blocksComparing(comparison)
        }
        let names = LayerNames(analysis.curves.map(\.node)).full
        let series = analysis.curves.enumerated().map { layer, curve in
            LineChart.Series(
                name: names[layer],
                points: curve.points.map { .init(x: Double($0.heads), y: max($0.difference.damage, 1e-7)) })
        }
        if series.contains(where: { !$0.points.isEmpty }) {
            blocks.append(
                .lines(
                    LineChart(
                        title: "Damage of each layer when its cheapest heads are replaced, alone",
                        horizontal: Axis("heads replaced", notation: .count),
                        vertical: Axis("damage at the output", scale: .logarithmic),
                        series: series)))
        }
        return blocks.isEmpty
            ? nil : Page.Section("Quality against savings", [.text(damageMeaning(analysis.use))] + blocks)
    }

    /// Each kind of move alone beside all of them.
    private func blocksComparing(_ comparison: MoveComparison) -> [Page.Block] {
        let words = comparison.crossoverSentences
        let chart = LineChart(
            title: "Expected damage of each kind of move alone, and of all together",
            horizontal: Axis("share of multiply-adds saved", notation: .percent),
            vertical: Axis("damage at the output", scale: .logarithmic),
            series: comparison.curves.map { curve in
                LineChart.Series(
                    name: curve.moves,
                    points: curve.points.dropFirst().map { .init(x: $0.multiplyAdds, y: max($0.damage, 1e-7)) })
            })
        return [.lines(chart)] + (words.isEmpty ? [] : [.text(words.joined(separator: " "))])
    }

    private func damageMeaning(_ use: ModelUse) -> String {
        switch use {
        case .encoder:
            "Damage is measured at the model's output on texts kept back: the error of the similarities between pairs "
                + "of texts, as a share of their variance."
        case .numbers:
            "Damage is measured at the model's output on texts kept back: the squared error of its numbers, as a share "
                + "of their variance."
        case .maskedLanguageModel, .languageModel, .classifier:
            "Damage is measured at the model's output on texts kept back: the divergence of its predictions from the "
                + "source's, in nats" + (use == .languageModel ? ", token by token on given texts." : ".")
        }
    }

    var healingSection: Page.Section? {
        guard let healing else { return nil }
        let kept = healing.steps.count { $0.verdict == .kept }
        var table = TextTable(
            [
                .init("refitted", .left), .init("strength"), .init("error left"), .init("growth"),
                .init("damage before"), .init("after"), .init("verdict", .left),
            ], caption: "Refits in the order of the layers")
        for step in healing.steps {
            func number(_ value: Double?) -> String { value.map { Format.significant($0, 3) } ?? "" }
            table.append(
                [
                    step.node, number(step.strength), step.remaining.map { Format.percent($0) } ?? "",
                    number(step.growth),
                    number(step.damageBefore), number(step.damageAfter), step.verdict.words,
                ], mark: step.verdict == .kept ? .passed : .none)
        }
        let words =
            healing.method == .none
            ? "The converted model was not healed: damage \(Format.significant(healing.before.damage, 3))."
            : "Projections of changed layers were refitted by least squares, layer by layer, to what the source does. "
                + "\(kept) of \(healing.steps.count) refits were kept; the damage at the output went from "
                + "\(Format.significant(healing.before.damage, 3)) to \(Format.significant(healing.after.damage, 3))."
        let terms: [(name: String, value: String)] = [
            ("strength", "how strongly a refit was held to the old weights; the one that fitted other texts best"),
            ("error left", "share of the layer's error, made by reuse, that the refit leaves on other texts"),
            ("growth", "size of the new weights by that of the old ones; much above 1 a refit is not trusted"),
            ("damage", "at the model's output, without this refit and with it; a refit that does not lower it goes"),
        ]
        let refits: Page.Block =
            healing.steps.count > 12 ? .folded(title: "Every refit", [.table(table)]) : .table(table)
        return Page.Section("Healing", [.text(words)] + (healing.steps.isEmpty ? [] : [refits, .facts(terms)]))
    }

    var fidelitySection: Page.Section? {
        guard let verification else { return nil }
        let tokens = "\(Format.count(verification.data.tokens)) tokens"
        let words =
            verification.data.texts == 0
            ? "Neither model was run."
            : "Source and converted model side by side on \(judgedOn), \(tokens)"
                + (isKeptBack ? ", which nothing else has used." : ".")
        let ofIntervals = "An interval is where the value would lie on other texts of the kind, in 95 of 100 cases."
        let hasIntervals = verification.metrics.contains { $0.interval != nil }
        var blocks: [Page.Block] = [.text(hasIntervals ? "\(words) \(ofIntervals)" : words)]
        if !verification.warnings.isEmpty { blocks.append(.warnings(verification.warnings)) }
        blocks.append(.table(FidelityTable.explained(verification)))
        return Page.Section("Fidelity", blocks)
    }

    var cacheSection: Page.Section? {
        guard let cache = verification?.cache else { return nil }
        return Page.Section(
            "Cache",
            [
                .text(
                    "Bytes that decoding keeps for each token (cross-attention: for each row of what it looks at), "
                        + "measured on a session of each model. A layer whose heads all borrow their maps keeps values "
                        + "only."), .table(CacheTable.table(of: cache)),
            ])
    }

    var speedSection: Page.Section? {
        guard let timings = verification?.speed, let first = timings.first else { return nil }
        let words =
            "Both models took turns on made-up inputs, \(first.rounds) rounds after one that was not counted, so that "
            + "whatever else the machine did met both alike."
        return Page.Section(
            "Speed",
            [
                .text(words), .bars(SpeedTable.bars(of: timings)), .table(SpeedTable.table(of: timings)),
                .facts(SpeedTable.legend.map { ($0.name, $0.meaning) }),
            ])
    }

    var provenanceSection: Page.Section? {
        let circumstances = verification?.circumstances
        var facts: [(name: String, value: String)] = []
        let command = circumstances?.arguments.map { arguments in
            Page.Block.command((["reuseformer"] + arguments).map(\.quotedForShell))
        }
        if let version = circumstances?.version { facts.append(("program", "reuseformer \(version)")) }
        if let data = circumstances?.data, !data.isEmpty { facts.append(("data", data.joined(separator: ", "))) }
        if let converted {
            facts.append(("converted model", converted.name))
            facts += (circumstances?.converted ?? []).map(fact)
        }
        facts.append(("source model", source.name))
        facts.append(("layout", "\(source.provenance.dialect), \(source.provenance.architecture)"))
        let weights = circumstances?.source ?? []
        facts += weights.map(fact)
        let known = Set(weights.map(\.sha256))
        facts += source.provenance.files.filter { !known.contains($0.sha256) }.map {
            ($0.name, "SHA-256 \($0.sha256)")
        }
        if let analysis {
            facts.append(
                (
                    "calibration",
                    "\(Format.count(analysis.calibration.texts)) \(itemName(analysis.calibration.texts)), SHA-256 of "
                        + "the tokens \(analysis.calibration.digest)"
                ))
            facts.append(("weights analysed", "SHA-256 \(analysis.model)"))
        }
        if let digest = plan?.analysis { facts.append(("plan made from analysis", "SHA-256 \(digest)")) }
        return Page.Section("How it was made", [command, .facts(facts)].compactMap(\.self))
    }

    private func fact(_ file: Circumstances.StoredFile) -> (name: String, value: String) {
        (file.name, "\(Format.bytes(file.bytes)) (\(Format.count(file.bytes)) bytes), SHA-256 \(file.sha256)")
    }
}

extension HealingSummary.Verdict {
    /// The verdict in words.
    fileprivate var words: String {
        switch self {
        case .kept: "kept"
        case .noGain: "no gain"
        case .worseOutput: "worse at the output"
        case .grown: "weights grew too much"
        }
    }
}
