extension Page {
    /// The page as HTML.
    package var html: String {
        let head = Markup.element(
            "head", [:],
            .empty("meta", ["charset": "utf-8"]),
            .empty("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
            .empty("meta", ["name": "color-scheme", "content": "light dark"]),
            // The page needs nothing from anywhere, and says so to the browser.
            .empty(
                "meta",
                ["http-equiv": "Content-Security-Policy", "content": "default-src 'none'; style-src 'unsafe-inline'"]),
            .element("title", [:], .text(title)),
            .element("style", [:], Style.sheet))
        let shown = sections.filter { !$0.blocks.isEmpty }
        let body = Markup.element(
            "body", [:],
            .element("main", [:], [header] + shown.map(markup(of:)) + [.element("footer", [:], .text(footer))]))
        var page = Markup.verbatim("<!doctype html>\n")
        page.append(.element("html", ["lang": "en"], head, body))
        return page.source + "\n"
    }

    private var header: Markup {
        var parts: [Markup] = [
            .element("p", ["class": "kicker"], .text("reuseformer")), .element("h1", [:], .text(title)),
            .element("p", ["class": "subtitle"], .text(subtitle)),
        ]
        if let verdict { parts.append(markup(of: verdict)) }
        let shown = groups.filter { !$0.figures.isEmpty }
        if !shown.isEmpty { parts.append(.element("div", ["class": "groups"], shown.map(markup(of:)))) }
        return .element("header", [:], parts)
    }

    private func markup(of verdict: Verdict) -> Markup {
        // The tone is said in words and by a sign, never by colour alone.
        let sign =
            switch verdict.tone {
            case .good: "✓";
            case .unsure: "?";
            case .bad: "✗"
            }
        var parts: [Markup] = [
            .element("h2", [:], .text(verdict.question)),
            .element(
                "p", ["class": "answer"], .element("span", ["class": "sign", "aria-hidden": "true"], .text(sign)),
                .text(verdict.answer)),
        ]
        if !verdict.reasons.isEmpty {
            parts.append(.element("ul", [:], verdict.reasons.map { .element("li", [:], .text($0)) }))
        }
        if let note = verdict.note { parts.append(.element("p", ["class": "note"], .text(note))) }
        return .element("div", ["class": "verdict \(verdict.tone.rawValue)"], parts)
    }

    private func markup(of group: FigureGroup) -> Markup {
        let cards = group.figures.map { figure in
            Markup.element(
                "li", ["class": "figure"],
                [
                    .element("span", ["class": "name"], .text(figure.name)),
                    .element("span", ["class": "value"], .text(figure.value)),
                ] + (figure.note.isEmpty ? [] : [.element("span", ["class": "note"], .text(figure.note))])
                    + (figure.scale.isEmpty ? [] : [.element("span", ["class": "scale"], .text(figure.scale))]))
        }
        let title = group.title.isEmpty ? [] : [Markup.element("h2", [:], .text(group.title))]
        return .element("div", ["class": "group"], title + [.element("ul", ["class": "figures"], cards)])
    }

    private func markup(of section: Section) -> Markup {
        .element("section", [:], [.element("h2", [:], .text(section.title))] + section.blocks.map(markup(of:)))
    }

    private func markup(of block: Block) -> Markup {
        switch block {
        case .text(let text): .element("p", [:], .text(text))
        case .table(let table): markup(of: table)
        case .heatMap(let map):
            .element("figure", ["class": "wide"], scrolling(map.drawing(), "Similarity of attention heads"))
        case .planGrid(let grid):
            .element("figure", ["class": "wide"], scrolling(grid.drawing(), "Source of every attention map"))
        case .lines(let chart):
            .element("figure", [:], .element("figcaption", [:], .text(chart.title)), chart.drawing())
        case .bars(let chart):
            .element("figure", [:], .element("figcaption", [:], .text(chart.title)), chart.drawing())
        case .facts(let facts):
            .element(
                "dl", [:],
                facts.flatMap { fact -> [Markup] in
                    [.element("dt", [:], .text(fact.name)), .element("dd", [:], .text(fact.value))]
                })
        case .warnings(let sentences):
            .element(
                "ul", ["class": "warnings"],
                sentences.map { sentence in
                    .element(
                        "li", [:], .text("Mind: " + sentence + (sentence.hasSuffix(".") ? "" : ".")))
                })
        case .command(let arguments):
            // Each argument stays whole where it fits: a line never ends behind the hyphens of an option.
            .element(
                "p", ["class": "command"],
                .element(
                    "code", [:],
                    arguments.enumerated().flatMap { index, argument -> [Markup] in
                        (index == 0 ? [] : [.text(" ")]) + [.element("span", [:], .text(argument))]
                    }))
        case .folded(let title, let blocks):
            .element("details", [:], [.element("summary", [:], .text(title))] + blocks.map(markup(of:)))
        }
    }

    /// Contents that may be wider than the page: a region that scrolls, and that the keyboard reaches.
    private func scrolling(_ contents: Markup, _ label: String) -> Markup {
        .element("div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": label], contents)
    }

    /// A table; on a narrow page one with long words lays its rows out as blocks. Roles are said, since browsers forget
    /// what a table is when its rows are laid out otherwise.
    private func markup(of table: TextTable) -> Markup {
        let isStacked = table.columns.contains { $0.alignment == .words }
        func style(_ column: TextTable.Column) -> String {
            switch column.alignment {
            case .left: "left";
            case .right: "right";
            case .words: "left words"
            }
        }
        let head = table.columns.map { column in
            Markup.element(
                "th", ["scope": "col", "role": "columnheader", "class": style(column)], .text(column.title))
        }
        let rows = table.rows.map { row -> Markup in
            let cells = zip(row.cells, table.columns).enumerated().map { index, cell -> Markup in
                index == 0
                    ? .element("th", ["scope": "row", "role": "rowheader", "class": style(cell.1)], .text(cell.0))
                    : .element("td", ["role": "cell", "class": style(cell.1)], .text(cell.0))
            }
            return switch row.mark {
            case .none: .element("tr", ["role": "row"], cells)
            case .passed: .element("tr", ["role": "row", "class": "passed"], cells)
            case .failed: .element("tr", ["role": "row", "class": "failed"], cells)
            case .strong: .element("tr", ["role": "row", "class": "strong"], cells)
            }
        }
        let caption = table.caption.isEmpty ? [] : [Markup.element("caption", [:], .text(table.caption))]
        return scrolling(
            .element(
                "table", ["role": "table", "class": isStacked ? "stacked" : "plain"],
                caption + [
                    .element("thead", ["role": "rowgroup"], .element("tr", ["role": "row"], head)),
                    .element("tbody", ["role": "rowgroup"], rows),
                ]), table.caption.isEmpty ? "Table" : table.caption)
    }
}
