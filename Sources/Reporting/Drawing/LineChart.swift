/// Curves over a common axis.
package struct LineChart: Sendable {
    /// One point of a curve.
    package struct Point: Sendable {
        let x, y: Double
        /// What a tooltip says beside the numbers.
        let note: String

        package init(x: Double, y: Double, note: String = "") {
            self.x = x
            self.y = y
            self.note = note
        }
    }

    /// One curve.
    package struct Series: Sendable {
        let name: String
        let points: [Point]

        package init(name: String, points: [Point]) {
            self.name = name
            self.points = points
        }
    }

    let title: String
    let horizontal: Axis
    let vertical: Axis
    let series: [Series]
    let marker: Point?

    /// - Parameters:
    ///   - marker: A point to stand out: the plan that was chosen.
    package init(title: String, horizontal: Axis, vertical: Axis, series: [Series], marker: Point? = nil) {
        self.title = title
        self.horizontal = horizontal
        self.vertical = vertical
        self.series = series
        self.marker = marker
    }

    private static let left = 66.0, top = 22.0, height = 280.0
    /// Width of the plot on a page, and on a telephone.
    private static let broad = 740.0, narrow = 210.0

    /// The chart twice, for broad and for narrow pages: the style sheet shows one of them.
    func drawing() -> Markup {
        .element(
            "div", ["class": "chart"], .element("div", ["class": "broad"], drawing(width: Self.broad)),
            .element("div", ["class": "narrow"], drawing(width: Self.narrow)))
    }

    /// What the curves do, from their first point to their last.
    private var label: String {
        let curves = series.compactMap { curve -> String? in
            guard let first = curve.points.first, let last = curve.points.last else { return nil }
            let name = curve.name.isEmpty ? "" : "\(curve.name): "
            return "\(name)\(Format.significant(first.y, 2)) at \(horizontal.text(first.x, step: 0.005)), "
                + "\(Format.significant(last.y, 2)) at \(horizontal.text(last.x, step: 0.005))"
        }
        let chosen = marker.map {
            ". \($0.note): \(Format.significant($0.y, 2)) at \(horizontal.text($0.x, step: 0.005))"
        }
        return "\(title); \(vertical.title) over \(horizontal.title). \(curves.joined(separator: "; "))\(chosen ?? "")"
    }

    private func drawing(width: Double) -> Markup {
        let points = series.flatMap(\.points) + (marker.map { [$0] } ?? [])
        let across = horizontal.range(of: points.map(\.x)), up = vertical.range(of: points.map(\.y))
        let place = { (point: Point) in
            (x: Self.left + across.share(point.x) * width, y: Self.top + (1 - up.share(point.y)) * Self.height)
        }
        var body = grid(across, up, width)
        for (index, curve) in series.enumerated() { body.append(self.curve(curve, index, place)) }
        body.append(names(place))
        if let marker { body.append(self.marker(marker, place(marker))) }
        let right = series.count > 1 ? max(84, LayerNames.width(series.map(\.name)) + 18) : 30
        return SVG.figure(
            width: Self.left + width + right, height: Self.top + Self.height + 50, label: label, [body])
    }

    private func grid(_ across: Axis.Range, _ up: Axis.Range, _ width: Double) -> Markup {
        var result = Markup()
        // Labels need room: of many ticks on a narrow chart every second or third has one.
        let every = max(1, Int((Double(across.ticks.count) * 36 / width).rounded(.up)))
        let bottom = Self.top + Self.height
        for tick in up.ticks {
            let y = Self.top + (1 - up.share(tick)) * Self.height
            result.append(SVG.line(Self.left, y, Self.left + width, y, style: "grid"))
            result.append(SVG.label(vertical.text(tick, step: up.step), x: Self.left - 8, y: y + 4, anchor: .end))
        }
        for (index, tick) in across.ticks.enumerated() {
            let x = Self.left + across.share(tick) * width
            result.append(SVG.line(x, bottom, x, bottom + 4, style: "tick"))
            guard index.isMultiple(of: every) else { continue }
            result.append(SVG.label(horizontal.text(tick, step: across.step), x: x, y: bottom + 18))
        }
        result.append(SVG.line(Self.left, bottom, Self.left + width, bottom, style: "tick"))
        result.append(SVG.label(horizontal.title, x: Self.left + width / 2, y: bottom + 40, style: "axis"))
        result.append(SVG.label(vertical.title, x: Self.left, y: 10, anchor: .start, style: "axis"))
        return result
    }

    private func hue(_ index: Int) -> Double {
        series.count == 1 ? 255 : SVG.hue(layer: index, of: series.count)
    }

    private func curve(_ curve: Series, _ index: Int, _ place: (Point) -> (x: Double, y: Double)) -> Markup {
        let hue = SVG.number(hue(index))
        let places = curve.points.map(place)
        let path = places.enumerated().map { ($0.offset == 0 ? "M" : "L") + SVG.point($0.element.x, $0.element.y) }
            .joined()
        var parts: [Markup] = [.empty("path", ["d": path, "class": "curve", "style": "--h:\(hue)"])]
        for (point, place) in zip(curve.points, places) {
            let words = [
                curve.name, horizontal.text(point.x, step: 0.005), Format.significant(point.y, 4), point.note,
            ].filter { !$0.isEmpty }
            parts.append(
                .element(
                    "circle",
                    [
                        "cx": SVG.number(place.x), "cy": SVG.number(place.y), "r": "3.2", "class": "dot",
                        "style": "--h:\(hue)",
                    ], .element("title", [:], .text(words.joined(separator: " · ")))))
        }
        return .element("g", ["class": "series"], parts)
    }

    /// Names stand at the ends of their curves, moved apart where they would cover each other.
    private func names(_ place: (Point) -> (x: Double, y: Double)) -> Markup {
        guard series.count > 1 else { return Markup() }
        var ends = series.enumerated().compactMap { index, curve in
            curve.points.last.map { (index: index, x: place($0).x, y: place($0).y) }
        }.sorted { $0.y < $1.y }
        for index in ends.indices.dropFirst() { ends[index].y = max(ends[index].y, ends[index - 1].y + 13) }
        let overflow = max(0, (ends.last?.y ?? 0) - (Self.top + Self.height))
        var result = Markup()
        for end in ends {
            result.append(
                SVG.label(
                    series[end.index].name, x: end.x + 9, y: end.y - overflow + 4, anchor: .start, style: "name",
                    hue: hue(end.index)))
        }
        return result
    }

    private func marker(_ point: Point, _ place: (x: Double, y: Double)) -> Markup {
        // Rising curves leave room to the left above a point, except at the very beginning.
        let anchor: SVG.Anchor = place.x < Self.left + 80 ? .start : .end
        return .element(
            "g", [:],
            SVG.line(place.x, place.y, place.x, Self.top + Self.height, style: "drop"),
            .empty("circle", ["cx": SVG.number(place.x), "cy": SVG.number(place.y), "r": "6.5", "class": "chosen"]),
            SVG.label(
                point.note, x: place.x + (anchor == .end ? -10 : 10), y: place.y - 12, anchor: anchor, style: "strong"))
    }
}
