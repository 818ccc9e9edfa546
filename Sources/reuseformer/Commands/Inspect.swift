import ArgumentParser
import Checkpoints
import ModelGraph
import Platform
import ReferenceProofs
import Reporting
import ReuseTransformers

struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a checkpoint is, what it holds, and what reuse could save.",
        discussion: """
              reuseformer inspect bert/
              reuseformer inspect weights.h5 --json

            Reads metadata only, never the weights (except with --stats), so it is quick on files of any size. Works \
            on any HDF5 or safetensors file. Under "This is not a model that can be run" stands what a model would \
            need and the file lacks.
            """)

    @OptionGroup var model: ModelArgument
    @OptionGroup var json: JSONOption

    @Flag(
        help: "Explain why the file was taken for this layout and architecture, and what each tensor is used for.")
    var explain = false

    @Flag(
        help: "Read every tensor; show its range, how many values are no numbers, and which tensors are all zeros.")
    var stats = false

    @Flag(
        help: ArgumentHelp(
            "Print a Python script for the model's own framework that writes the file for --reference.",
            discussion: "Nothing else is printed."))
    var referenceScript = false

    @OptionGroup var reading: CheckpointOptions

    func run() throws {
        if referenceScript {
            Terminal.print(try ReferenceScript(path: model.model, options: try reading.options()).text)
            return
        }
        let inspection = try ModelInspection(
            path: model.model, options: try reading.options(), hasStatistics: stats)
        if json.json {
            try Terminal.print(document: inspection)
            return
        }
        var blocks = [headline(inspection), tree(inspection)]
        if !inspection.parts.isEmpty { blocks.append(parts(inspection)) }
        if !inspection.savings.isEmpty, inspection.plan == nil { blocks.append(savings(inspection)) }
        if let largest = LargestSavingText.describe(inspection) { blocks.append(largest) }
        if let plan = inspection.plan { blocks.append(PlanText.describe(plan)) }
        if stats { blocks.append(statistics(inspection)) }
        if explain { blocks.append(explanation(inspection)) }
        if let said = AssumptionText.describe(inspection, explains: explain) { blocks.append(said) }
        if !inspection.notes.isEmpty {
            blocks.append(inspection.notes.map { "Note: " + Terminal.escaped($0) }.joined(separator: "\n"))
        }
        if !inspection.messages.isEmpty {
            let lines = inspection.messages.map { "  " + Terminal.escaped($0) }
            blocks.append((["This is not a model that can be run:"] + lines).joined(separator: "\n"))
        }
        Terminal.print(blocks.joined(separator: "\n\n"))
    }

    private func headline(_ inspection: ModelInspection) -> String {
        let kind = [inspection.dialect, inspection.architecture].compactMap(\.self).joined(separator: ", ")
        var lines = ["\(Terminal.escaped(inspection.name)) (\(Terminal.escaped(kind)))"]
        if let totals = inspection.totals {
            let use = inspection.use.map { $0.rawValue.replacing("_", with: " ") } ?? "model"
            let limit = totals.maximumTokens.map { "at most \($0) tokens" }
            let shape = [
                use, totals.layerText, "\(totals.maps) of \(totals.heads) heads compute a map",
                "hidden size \(totals.hidden)",
                totals.vocabulary > 0 ? "vocabulary \(Format.count(totals.vocabulary))" : nil, limit,
            ]
            lines.append(shape.compactMap(\.self).joined(separator: " · "))
            lines.append(
                "\(Format.short(Double(totals.parameters))) parameters · \(Format.short(Double(totals.multiplyAdds))) "
                    + "multiply-adds for \(totals.isFixed ? "one input" : "\(totals.tokens) tokens")")
            if let precision = totals.precision { lines.append(precision) }
            if let embedding = inspection.embedding { lines.append(Terminal.escaped(embedding.text)) }
            let kept = [
                totals.cacheBytes.map { "\(Format.count($0)) bytes for each token" },
                totals.memoryCacheBytes.map { "\(Format.count($0)) for each row that cross-attention looks at" },
            ].compactMap(\.self)
            if !kept.isEmpty { lines.append("decoding keeps " + kept.joined(separator: ", ")) }
        }
        return lines.joined(separator: "\n")
    }

    /// Tensors with their names as a tree, those of layers that are built alike as one.
    private func tree(_ inspection: ModelInspection) -> String {
        let tensors = inspection.tensors
        let folds = NameFold.folding(
            tensors.map(\.name),
            kinds: tensors.map {
                Kind(type: $0.type, shape: $0.shape, filters: $0.filters, use: NameFold.pattern(of: $0.use))
            })
        let tree = TensorTree(
            folds.compactMap { fold -> (name: String, leaf: TensorTree.Leaf)? in
                let alike = fold.members.map { tensors[$0] }
                guard let first = alike.first else { return nil }
                let uses = NameFold.folding(alike.map(\.use), kinds: alike.map { _ in 0 })
                return (
                    fold.text,
                    .init(
                        type: first.type, shape: "[" + first.shape.map(String.init).joined(separator: ", ") + "]",
                        count: alike.count, bytes: alike.reduce(0) { $0 + $1.storedBytes },
                        filters: first.filters, use: uses.count > 1 ? first.use + " …" : uses.first?.text ?? "")
                )
            })
        return "\(tensors.count) tensors\n\(tree.text)"
    }

    /// What tensors have in common that are drawn as one.
    private struct Kind: Hashable {
        let type: String
        let shape: [Int]
        let filters: [String]
        let use: [String]
    }

    private func parts(_ inspection: ModelInspection) -> String {
        guard let totals = inspection.totals else { return "" }
        var table = TextTable([
            .init("part", .left), .init("parameters"), .init("of all"), .init("multiply-adds"), .init("of all"),
        ])
        for row in rows(of: inspection.parts) {
            let parameters = Double(row.part.parameters), work = Double(row.part.multiplyAdds)
            table.append([
                row.name, Format.short(parameters),
                Format.percent(parameters * Double(row.count) / Double(max(totals.parameters, 1))), Format.short(work),
                Format.percent(work * Double(row.count) / Double(max(totals.multiplyAdds, 1))),
            ])
        }
        return table.text
    }

    /// Parts, those of layers that are built alike as one row: `6 × layer_*/up`, `3 × block*_attention`.
    private func rows(of parts: [ModelInspection.Part]) -> [(name: String, part: ModelInspection.Part, count: Int)] {
        struct Kind: Hashable { let name: String, parameters: Int, multiplyAdds: Int }
        var counts: [Kind: Int] = [:]
        func kind(_ part: ModelInspection.Part) -> Kind {
            var steps = part.name.split(separator: "/").map(String.init)
            // The numbers of layers, not those of a layer's parts.
            for index in steps.dropLast(steps.count > 1 ? 1 : 0).indices {
                steps[index] = steps[index].replacing(/[0-9]+/, with: "*")
            }
            let name = steps.joined(separator: "/")
            return Kind(name: name, parameters: part.parameters, multiplyAdds: part.multiplyAdds)
        }
        for part in parts { counts[kind(part), default: 0] += 1 }
        return parts.compactMap { part in
            guard let count = counts.removeValue(forKey: kind(part)) else { return nil }
            return (count > 1 ? "\(count) × \(kind(part).name)" : part.name, part, count)
        }
    }

    private func savings(_ inspection: ModelInspection) -> String {
        var table = TextTable([
            .init("if this layer reused all its maps", .left), .init("maps saved"), .init("parameters"),
            .init("multiply-adds"),
        ])
        for layer in inspection.savings {
            table.append([
                layer.node, Format.percent(layer.maps), Format.percent(layer.parameters),
                Format.percent(layer.multiplyAdds),
            ])
        }
        return table.text
    }

    /// Ranges, and a line for what deserves a look.
    private func statistics(_ inspection: ModelInspection) -> String {
        var table = TextTable([
            .init("tensor", .left), .init("least"), .init("greatest"), .init("mean magnitude"), .init("", .left),
        ])
        for tensor in inspection.tensors {
            guard let statistics = tensor.statistics else { continue }
            func number(_ value: Float?) -> String { value.map { Format.significant(Double($0), 4) } ?? "–" }
            var remarks: [String] = []
            if statistics.notANumber > 0 { remarks.append("\(Format.count(statistics.notANumber)) NaN") }
            if statistics.infinite > 0 { remarks.append("\(Format.count(statistics.infinite)) infinite") }
            if statistics.isAllZero { remarks.append("all zeros") }
            table.append(
                [
                    Terminal.escaped(tensor.name), number(statistics.minimum), number(statistics.maximum),
                    number(statistics.meanMagnitude), remarks.joined(separator: ", "),
                ])
        }
        return table.text
    }

    private func explanation(_ inspection: ModelInspection) -> String {
        var lines =
            ["Taken for \(Terminal.escaped(inspection.dialect)) because:"]
            + inspection.dialectReasons.map { "  " + Terminal.escaped($0) }
        for dialect in inspection.dialects where dialect.name != inspection.dialect && !dialect.reasons.isEmpty {
            lines.append("Layout \(dialect.name), score \(dialect.score):")
            lines += dialect.reasons.map { "  " + Terminal.escaped($0) }
        }
        for candidate in inspection.candidates {
            lines.append("\(Terminal.escaped(candidate.name)), score \(candidate.score):")
            lines += candidate.reasons.map { "  " + Terminal.escaped($0) }
        }
        var table = TextTable([.init("tensor", .left), .init("use", .left)])
        for tensor in inspection.tensors {
            table.append([Terminal.escaped(tensor.name), Terminal.escaped(tensor.use)])
        }
        var blocks = [lines.joined(separator: "\n")]
        if !inspection.settings.isEmpty { blocks.append(settings(inspection)) }
        return (blocks + [table.text]).joined(separator: "\n\n")
    }

    /// What became of every key of the configuration.
    private func settings(_ inspection: ModelInspection) -> String {
        var table = TextTable([.init("key", .left), .init("value", .left), .init("", .left)])
        for setting in inspection.settings {
            let fate =
                switch setting.role {
                case .used: "used"
                case .harmless, .ignored: "ignored: \(setting.reason)"
                case .refused: "REFUSED: \(setting.reason)"
                }
            table.append([
                Terminal.escaped(setting.key), Terminal.escaped(String(setting.value.prefix(40))),
                Terminal.escaped(fate),
            ])
        }
        return table.text
    }
}
