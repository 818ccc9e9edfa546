import ModelGraph

/// A plan as a grid, layer × head, with arrows from borrowing heads to the maps that they read.
package struct PlanGrid: Sendable {
    let layers: [ReusePlan.Layer]
    private let notation: PlanNotation
    private let names: [String]
    private let left: Double

    package init(_ plan: ReusePlan) {
        layers = plan.layers
        notation = PlanNotation(plan.layers)
        names = LayerNames(plan.layers.map(\.node)).full
        left = max(76, LayerNames.width(names) + 20)
    }

    private static let cellWidth = 48.0, cellHeight = 26.0, columnStep = 56.0, rowStep = 68.0
    private static let top = 14.0

    func drawing() -> Markup {
        let columns = layers.map(\.heads.count).max() ?? 0
        let width = left + Double(columns) * Self.columnStep + 8
        let height = Self.top + Double(max(0, layers.count - 1)) * Self.rowStep + Self.cellHeight + 44
        var labels = Markup(), plain = Markup(), borrowing = Markup()
        for (row, layer) in layers.enumerated() {
            labels.append(
                SVG.label(names[row], x: left - 12, y: y(row) + Self.cellHeight / 2 + 4, anchor: .end))
            for (column, head) in layer.heads.enumerated() {
                switch head.source {
                case .computed, .hard: plain.append(computedCell(row, column))
                case .dropped: plain.append(droppedCell(row, column, head))
                case .borrowed(let terms): borrowing.append(borrowingCell(row, column, head, terms))
                }
            }
        }
        let legend = legend(y: height - 14)
        return SVG.figure(
            width: max(width, legend.width), height: height, label: label,
            [labels, plain, borrowing, legend.drawing])
    }

    /// How many maps are computed; the table below the drawing says the rest.
    private var label: String {
        let heads = layers.flatMap(\.heads)
        let computed = heads.count { $0.source.isComputed }
        return "Where each of \(heads.count) heads takes its attention map from: \(computed) compute it. "
            + "The table that follows lists the others."
    }

    private func x(_ column: Int) -> Double { left + Double(column) * Self.columnStep }
    private func y(_ row: Int) -> Double { Self.top + Double(row) * Self.rowStep }
    private func hue(_ row: Int) -> Double { SVG.hue(layer: row, of: layers.count) }

    private func box(_ row: Int, _ column: Int, style: String, hue: Double) -> Markup {
        .empty(
            "rect",
            [
                "x": SVG.number(x(column)), "y": SVG.number(y(row)), "width": SVG.number(Self.cellWidth),
                "height": SVG.number(Self.cellHeight), "rx": "5", "class": style, "style": "--h:\(SVG.number(hue))",
            ])
    }

    private func caption(_ text: String, _ row: Int, _ column: Int, style: String) -> Markup {
        SVG.label(text, x: x(column) + Self.cellWidth / 2, y: y(row) + Self.cellHeight / 2 + 4, style: style)
    }

    private func computedCell(_ row: Int, _ column: Int) -> Markup {
        let text = "L\(row)H\(column)"
        return .element(
            "g", [:],
            .element("title", [:], .text("\(names[row]), head \(column): computes its own map")),
            box(row, column, style: "cell computed", hue: hue(row)),
            caption(text, row, column, style: text.count > 5 ? "onfill tight" : "onfill"))
    }

    private func droppedCell(_ row: Int, _ column: Int, _ head: ReusePlan.Head) -> Markup {
        .element(
            "g", [:],
            .element("title", [:], .text("\(names[row]), head \(column): dropped\(reason(head))")),
            box(row, column, style: "cell dropped", hue: hue(row)), caption("×", row, column, style: "faint"))
    }

    private func borrowingCell(_ row: Int, _ column: Int, _ head: ReusePlan.Head, _ terms: [MapTerm]) -> Markup {
        // The heaviest term names the cell and gives it its colour.
        let ranked = PlanNotation.ranked(terms)
        let sum = max(terms.reduce(0) { $0 + abs($1.weight) }, .leastNormalMagnitude)
        var parts: [Markup] = []
        var mainHue: Double?
        for term in ranked {
            guard case .head(let id) = term.map, let source = notation.row(of: id.node) else { continue }
            if mainHue == nil { mainHue = hue(source) }
            parts.append(arrow(from: (row, column), to: (source, id.head), share: Double(abs(term.weight) / sum)))
        }
        let words = ranked.map { "\(Format.fixed(Double($0.weight), 2)) × \(name($0.map))" }.joined(separator: " + ")
        let single = terms.count == 1 && terms.first?.weight == 1
        let title =
            "\(names[row]), head \(column): " + (single ? "reuses \(ranked.first.map { name($0.map) } ?? "")" : words)
            + reason(head)
        let more = terms.count > 1 ? "+\(terms.count - 1)" : ""
        let text = (ranked.first.map { notation.name(of: $0.map) } ?? "") + more
        return .element(
            "g", ["class": "borrow"],
            [.element("title", [:], .text(title))] + parts + [
                box(row, column, style: mainHue == nil ? "cell pattern" : "cell borrowed", hue: mainHue ?? 0),
                caption(text, row, column, style: text.count > 5 ? "small" : "label"),
            ])
    }

    private func arrow(from: (row: Int, column: Int), to: (row: Int, column: Int), share: Double) -> Markup {
        let start = (x: x(from.column) + Self.cellWidth / 2, y: y(from.row))
        var end = (x: x(to.column) + Self.cellWidth / 2, y: y(to.row) - 1)
        // Within a layer the arrow rises over the heads; to an earlier layer it leaves and arrives upright.
        var lift = 16 + min(10, abs(end.x - start.x) / 40)
        var landing = start.y - lift
        if to.row != from.row {
            end.y = y(to.row) + Self.cellHeight + 1
            lift = (start.y - end.y) / 2
            landing = end.y + lift
        }
        let bends = "\(SVG.point(start.x, start.y - lift)) \(SVG.point(end.x, landing))"
        let path = "M\(SVG.point(start.x, start.y))C\(bends) \(SVG.point(end.x, end.y))"
        let width = SVG.number(0.7 + 1.6 * share), opacity = SVG.number(0.25 + 0.6 * share)
        return .empty(
            "path",
            [
                "d": path, "class": "arrow",
                "style": "--h:\(SVG.number(hue(to.row)));stroke-width:\(width);opacity:\(opacity)",
            ])
    }

    private func name(_ map: MapReference) -> String {
        switch map {
        case .head(let id): notation.row(of: id.node).map { "\(names[$0]), head \(id.head)" } ?? "\(id)"
        case .pattern(let pattern): "the pattern \(pattern.rawValue)"
        }
    }

    private func reason(_ head: ReusePlan.Head) -> String {
        let parts = [
            head.similarity.map { "similarity \(Format.fixed($0, 3))" },
            head.damage.map { "damage \(Format.significant($0, 2))" },
        ].compactMap(\.self)
        return parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))"
    }

    private func legend(y: Double) -> (drawing: Markup, width: Double) {
        let heads = layers.flatMap(\.heads)
        let patterns = heads.contains { $0.source.terms.contains { if case .pattern = $0.map { true } else { false } } }
        var entries = [("computed", "computes its own map"), ("borrowed", "reads a map computed earlier")]
        if patterns { entries.append(("pattern", "reads a static pattern")) }
        if heads.contains(where: \.source.isDropped) { entries.append(("dropped", "dropped")) }
        var result = Markup()
        var position = left
        for (style, words) in entries {
            result.append(
                .empty(
                    "rect",
                    [
                        "x": SVG.number(position), "y": SVG.number(y - 9), "width": "16", "height": "11", "rx": "3",
                        "class": "cell \(style)", "style": "--h:\(SVG.number(hue(0)))",
                    ]))
            result.append(SVG.label(words, x: position + 22, y: y, anchor: .start))
            position += 40 + Double(words.count) * 6.6
        }
        return (result, position)
    }
}
