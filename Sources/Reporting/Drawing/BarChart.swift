/// Bars in groups: one group a shape or thread count, one bar a model.
package struct BarChart: Sendable {
    /// One bar.
    package struct Bar: Sendable {
        let name: String
        let value: Double
        /// What stands at its end.
        let text: String

        package init(name: String, value: Double, text: String) {
            self.name = name
            self.value = value
            self.text = text
        }
    }

    /// Bars that are compared with each other.
    package struct Group: Sendable {
        let name: String
        let bars: [Bar]

        package init(name: String, bars: [Bar]) {
            self.name = name
            self.bars = bars
        }
    }

    let title: String
    let groups: [Group]

    package init(title: String, groups: [Group]) {
        self.title = title
        self.groups = groups
    }

    /// The bars as boxes of the page, which wrap where it is narrow.
    func drawing() -> Markup {
        // Each group has a scale of its own: shapes differ by orders of magnitude, models by per cent.
        .element("div", ["class": "bars", "role": "img", "aria-label": label], groups.flatMap(markup(of:)))
    }

    private var label: String {
        let parts = groups.map { group in
            "\(group.name): " + group.bars.map { "\($0.name) \($0.text)" }.joined(separator: ", ")
        }
        return "\(title). " + parts.joined(separator: ". ")
    }

    private func markup(of group: Group) -> [Markup] {
        let longest = group.bars.map(\.value).filter(\.isFinite).max() ?? 1
        let rows = group.bars.enumerated().map { index, bar in
            let share = longest > 0 && bar.value.isFinite ? max(0.002, bar.value / longest) : 0.002
            return Markup.element(
                "div", ["class": "row"], .element("span", ["class": "model"], .text(bar.name)),
                .element(
                    "span", ["class": "track"],
                    .element(
                        "span",
                        ["class": index == 0 ? "bar base" : "bar", "style": "width:\(SVG.number(share * 100))%"])),
                .element("span", ["class": "number"], .text(bar.text)))
        }
        return [.element("p", ["class": "group"], .text(group.name))] + rows
    }
}
