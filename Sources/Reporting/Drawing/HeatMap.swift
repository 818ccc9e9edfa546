/// Similarity of every head to every earlier one, as a triangle of coloured cells.
package struct HeatMap: Sendable {
    /// Heads that stand together: a layer.
    package struct Group: Sendable {
        let name: String
        let count: Int

        package init(name: String, count: Int) {
            self.name = name
            self.count = count
        }
    }

    /// A row and a column that deserve a frame: a borrowing head and the head that it borrows from.
    package struct Pair: Sendable, Hashable {
        let row: Int
        let column: Int

        package init(row: Int, column: Int) {
            self.row = row
            self.column = column
        }
    }

    let groups: [Group]
    let values: [Float]
    let framed: Set<Pair>

    /// Number of heads.
    var count: Int { groups.reduce(0) { $0 + $1.count } }

    /// A heat map of `n` heads.
    ///
    /// - Parameters:
    ///   - groups: Layers in execution order; their counts add up to `n`.
    ///   - values: `[n, n]`, row: the later head, column: the earlier one, 0…1; NaN where there is nothing to compare.
    ///   - framed: Cells to frame.
    /// - Returns: `nil` unless there are `n · n` values.
    package init?(groups: [Group], values: [Float], framed: Set<Pair> = []) {
        let count = groups.reduce(0) { $0 + max(0, $1.count) }
        guard count > 0, values.count == count * count else { return nil }
        self.groups = groups
        self.values = values
        self.framed = framed
    }

    /// Colours of the scale; the style sheet has as many.
    package static let levels = 24
    /// Above this many heads a cell is too small to point at, and tooltips would make the page heavy.
    private static let tooltipLimit = 200

    func drawing() -> Markup {
        let cell = min(16, max(2.5, 720 / Double(count)))
        let side = cell * Double(count)
        let left = max(72, LayerNames.width(groups.map(\.name)) + 16), top = 8.0
        let shown = values.filter(\.isFinite)
        let low = Double(max(0, ((shown.min() ?? 0) * 10).rounded(.down) / 10))
        let high = max(low + 0.1, min(1, Double(((shown.max() ?? 1) * 10).rounded(.up) / 10)))
        let frame = Frame(left: left, top: top, cell: cell, low: low, high: high)
        let cells = count <= Self.tooltipLimit ? pointableCells(frame) : mergedCells(frame)
        return SVG.figure(
            width: left + side + 8, height: top + side + 74, label: label,
            [cells, frames(frame), layers(frame), legend(frame, side: side)])
    }

    /// How many pairs there are, and how alike the most alike are.
    private var label: String {
        var best: (value: Float, row: Int, column: Int)?
        var pairs = 0
        for row in 0..<count {
            for column in 0..<row where values[row * count + column].isFinite {
                pairs += 1
                let value = values[row * count + column]
                if value > best?.value ?? -.infinity { best = (value, row, column) }
            }
        }
        let most = best.map { best in
            " The most alike: \(name(best.row)) and \(name(best.column)), \(Format.fixed(Double(best.value), 3))."
        }
        let reused = framed.isEmpty ? "" : " \(framed.count) of them are reused by the plan."
        return "Similarity of \(Format.count(pairs)) pairs of attention heads.\(most ?? "")\(reused)"
    }

    private struct Frame {
        let left, top, cell, low, high: Double

        func level(_ value: Float) -> Int {
            let share = (Double(value) - low) / (high - low)
            return min(HeatMap.levels - 1, max(0, Int(share * Double(HeatMap.levels))))
        }

        func x(_ column: Int) -> Double { left + Double(column) * cell }
        func y(_ row: Int) -> Double { top + Double(row) * cell }
    }

    private func name(_ head: Int) -> String {
        var rest = head
        for group in groups {
            if rest < group.count { return "\(group.name), head \(rest)" }
            rest -= group.count
        }
        return "head \(head)"
    }

    private func pointableCells(_ frame: Frame) -> Markup {
        var result = Markup()
        let size = SVG.number(frame.cell * 0.94)
        for row in 0..<count {
            for column in 0..<row {
                let value = values[row * count + column]
                guard value.isFinite else { continue }
                result.append(
                    .element(
                        "rect",
                        [
                            "x": SVG.number(frame.x(column)), "y": SVG.number(frame.y(row)), "width": size,
                            "height": size, "class": "q\(frame.level(value))",
                        ],
                        .element(
                            "title", [:],
                            .text("\(name(row)) ~ \(name(column)): \(Format.fixed(Double(value), 3))"))))
            }
        }
        return .element("g", ["class": "cells"], result)
    }

    /// One path a colour, runs of equal cells drawn as one.
    private func mergedCells(_ frame: Frame) -> Markup {
        var paths = [String](repeating: "", count: Self.levels)
        for row in 0..<count {
            var column = 0
            while column < row {
                let value = values[row * count + column]
                guard value.isFinite else {
                    column += 1
                    continue
                }
                let level = frame.level(value)
                let start = column
                while column < row, values[row * count + column].isFinite,
                    frame.level(values[row * count + column]) == level
                {
                    column += 1
                }
                let width = SVG.number(Double(column - start) * frame.cell)
                paths[level] +=
                    "M\(SVG.point(frame.x(start), frame.y(row)))h\(width)v\(SVG.number(frame.cell))h-\(width)z"
            }
        }
        return .element(
            "g", [:],
            paths.enumerated().filter { !$0.element.isEmpty }.map {
                .empty("path", ["d": $0.element, "class": "q\($0.offset)"])
            })
    }

    private func frames(_ frame: Frame) -> Markup {
        let sorted = framed.filter { $0.row < count && $0.column < count }.sorted {
            ($0.row, $0.column) < ($1.row, $1.column)
        }
        return .element(
            "g", ["class": "framed"],
            sorted.map { pair in
                .empty(
                    "rect",
                    [
                        "x": SVG.number(frame.x(pair.column) - 0.5), "y": SVG.number(frame.y(pair.row) - 0.5),
                        "width": SVG.number(frame.cell * 0.94 + 1), "height": SVG.number(frame.cell * 0.94 + 1),
                        "rx": SVG.number(min(2, frame.cell / 4)),
                    ])
            })
    }

    private func layers(_ frame: Frame) -> Markup {
        var result = Markup()
        var start = 0
        let side = Double(count) * frame.cell
        for (index, group) in groups.enumerated() {
            let end = start + group.count
            let middle = (frame.y(start) + frame.y(end)) / 2
            result.append(SVG.label(group.name, x: frame.left - 8, y: middle + 4, anchor: .end))
            let centre = (frame.x(start) + frame.x(end)) / 2
            result.append(SVG.label(String(index), x: centre, y: frame.top + side + 14))
            if index > 0 {
                result.append(SVG.line(frame.left, frame.y(start), frame.x(end), frame.y(start), style: "divide"))
                result.append(
                    SVG.line(frame.x(start), frame.y(start), frame.x(start), frame.top + side, style: "divide"))
            }
            start = end
        }
        result.append(
            SVG.label("layer of the earlier head", x: frame.left + side / 2, y: frame.top + side + 30, style: "axis"))
        return result
    }

    private func legend(_ frame: Frame, side: Double) -> Markup {
        let width = 9.0, top = frame.top + side + 44
        var result = Markup()
        for level in 0..<Self.levels {
            result.append(
                .empty(
                    "rect",
                    [
                        "x": SVG.number(frame.left + Double(level) * width), "y": SVG.number(top),
                        "width": SVG.number(width + 0.3), "height": "10", "class": "q\(level)",
                    ]))
        }
        let end = frame.left + Double(Self.levels) * width
        result.append(SVG.label(Format.fixed(frame.low, 1), x: frame.left, y: top + 24, anchor: .start))
        result.append(SVG.label(Format.fixed(frame.high, 1), x: end, y: top + 24, anchor: .end))
        if !framed.isEmpty {
            result.append(
                .element(
                    "g", ["class": "framed"],
                    .empty(
                        "rect",
                        ["x": SVG.number(end + 24), "y": SVG.number(top), "width": "10", "height": "10", "rx": "2"])))
            result.append(SVG.label("reused by the plan", x: end + 42, y: top + 9.5, anchor: .start))
        }
        return result
    }
}
