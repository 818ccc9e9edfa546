/// A report: one HTML page with everything in it, to open without a network, to print, to attach to a ticket.
package struct Page: Sendable {
    /// A figure that stands large at the top.
    package struct Figure: Sendable {
        let value: String
        let name: String
        let note: String

        package init(_ value: String, _ name: String, note: String = "") {
            self.value = value
            self.name = name
            self.note = note
        }
    }

    /// A part of a section.
    package enum Block: Sendable {
        case text(String)
        case table(Table)
        case heatMap(HeatMap)
        case planGrid(PlanGrid)
        case lines(LineChart)
        case bars(BarChart)
        /// Names with values: provenance, settings.
        case facts([(name: String, value: String)])
        /// A drawing or table folded away until it is opened.
        indirect case folded(title: String, [Block])
    }

    /// A section with a heading.
    package struct Section: Sendable {
        let title: String
        let blocks: [Block]

        package init(_ title: String, _ blocks: [Block]) {
            self.title = title
            self.blocks = blocks
        }
    }

    /// How the whole came out.
    package enum Verdict: Sendable { case passed(String), failed(String) }

    let title: String
    let subtitle: String
    let verdict: Verdict?
    let figures: [Figure]
    let sections: [Section]
    let footer: String

    package init(
        title: String, subtitle: String, verdict: Verdict? = nil, figures: [Figure], sections: [Section], footer: String
    ) {
        self.title = title
        self.subtitle = subtitle
        self.verdict = verdict
        self.figures = figures
        self.sections = sections
        self.footer = footer
    }

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
        switch verdict {
        case .passed(let words): parts.append(.element("p", ["class": "verdict passed"], .text("✓ \(words)")))
        case .failed(let words): parts.append(.element("p", ["class": "verdict failed"], .text("✗ \(words)")))
        case nil: break
        }
        let cards = figures.map { figure in
            Markup.element(
                "div", ["class": "figure"],
                [
                    .element("span", ["class": "name"], .text(figure.name)),
                    .element("span", ["class": "value"], .text(figure.value)),
                ] + (figure.note.isEmpty ? [] : [.element("span", ["class": "note"], .text(figure.note))]))
        }
        if !cards.isEmpty { parts.append(.element("div", ["class": "figures"], cards)) }
        return .element("header", [:], parts)
    }

    private func markup(of section: Section) -> Markup {
        .element("section", [:], [.element("h2", [:], .text(section.title))] + section.blocks.map(markup(of:)))
    }

    private func markup(of block: Block) -> Markup {
        switch block {
        case .text(let text): .element("p", [:], .text(text))
        case .table(let table): markup(of: table)
        case .heatMap(let map): .element("figure", ["class": "wide"], map.drawing())
        case .planGrid(let grid): .element("figure", ["class": "wide"], grid.drawing())
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
        case .folded(let title, let blocks):
            .element("details", [:], [.element("summary", [:], .text(title))] + blocks.map(markup(of:)))
        }
    }

    private func markup(of table: Table) -> Markup {
        func entry(_ name: StaticString, _ text: String, _ column: Table.Column) -> Markup {
            .element(name, ["class": column.alignment == .left ? "left" : "right"], .text(text))
        }
        let head = table.columns.map { entry("th", $0.title, $0) }
        let rows = table.rows.map { row -> Markup in
            let cells = zip(row.cells, table.columns).map { entry("td", $0, $1) }
            return switch row.mark {
            case .none: .element("tr", [:], cells)
            case .passed: .element("tr", ["class": "passed"], cells)
            case .failed: .element("tr", ["class": "failed"], cells)
            case .strong: .element("tr", ["class": "strong"], cells)
            }
        }
        return .element(
            "div", ["class": "scroll"],
            .element(
                "table", [:], .element("thead", [:], .element("tr", [:], head)), .element("tbody", [:], rows)))
    }
}
