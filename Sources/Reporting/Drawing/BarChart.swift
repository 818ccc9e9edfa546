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

    private static let left = 150.0, width = 520.0, barHeight = 17.0

    func drawing() -> Markup {
        // Each group has a scale of its own: shapes differ by orders of magnitude, models by per cent.
        var result: [Markup] = []
        var y = 6.0
        for group in groups {
            let longest = group.bars.map(\.value).filter(\.isFinite).max() ?? 1
            let middle = y + Double(group.bars.count) * (Self.barHeight + 3) / 2
            result.append(SVG.label(group.name, x: Self.left - 14, y: middle + 3, anchor: .end, style: "strong"))
            for (index, bar) in group.bars.enumerated() {
                let length = longest > 0 && bar.value.isFinite ? max(1, bar.value / longest * Self.width) : 1
                result.append(
                    .element(
                        "rect",
                        [
                            "x": SVG.number(Self.left), "y": SVG.number(y), "width": SVG.number(length),
                            "height": SVG.number(Self.barHeight), "rx": "3", "class": index == 0 ? "bar base" : "bar",
                        ], .element("title", [:], .text("\(bar.name): \(bar.text)"))))
                result.append(
                    SVG.label("\(bar.text)  \(bar.name)", x: Self.left + length + 8, y: y + 13, anchor: .start))
                y += Self.barHeight + 3
            }
            y += 12
        }
        return SVG.figure(width: Self.left + Self.width + 260, height: y, title: title, result)
    }
}
