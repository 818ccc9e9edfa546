extension TextTable {
    /// Space between two columns.
    private static let gap = 2
    /// Fewest characters that a column of words is broken into.
    private static let narrowest = 24

    /// The table as lines of text that are no longer than `width` where that can be had without cutting anything off.
    ///
    /// Words are broken into lines first, then titles of several words. What is still too wide is laid out as tables
    /// one below the other, each of which starts with the columns that say what its rows are.
    ///
    /// - Parameter width: Columns of the terminal; `nil`: unlimited.
    package func text(width: Int?) -> String {
        guard let width, text.split(separator: "\n").contains(where: { $0.count > width }) else { return text }
        let blocks = blocks(width: width)
        return blocks.enumerated().compactMap { index, indices in
            let rows =
                index == 0
                ? rows
                : rows.filter { row in
                    // Rows of which a later block says nothing stand in the first one only.
                    indices.contains { !keys.contains($0) && !row.cells[$0].isEmpty }
                }
            return rows.isEmpty && index > 0 ? nil : lines(of: rows, columns: indices, width: width)
        }
        .joined(separator: "\n\n")
    }

    /// Columns that say what a row is.
    private var keys: Range<Int> { 0..<min(keyCount, columns.count) }

    /// The words of a title that stand one above the other where room is short.
    private func titleLines(_ column: Int) -> [String] {
        columns[column].title.split(separator: " ").map(String.init)
    }

    /// The least width of a column in which nothing but words and its title is broken.
    private func need(_ column: Int) -> Int {
        let title = titleLines(column).map(\.count).max() ?? 0
        let cells = rows.map { $0.cells[column].count }.max() ?? 0
        if case .words = columns[column].alignment { return max(title, min(cells, Self.narrowest)) }
        return max(title, cells)
    }

    /// Columns that fit beside each other, the keys in front of each block.
    private func blocks(width: Int) -> [[Int]] {
        var blocks: [[Int]] = [Array(keys)]
        for column in columns.indices where !keys.contains(column) {
            let block = blocks[blocks.count - 1] + [column]
            let taken = block.reduce(0) { $0 + need($1) } + Self.gap * (block.count - 1)
            if taken <= width || block.count == keys.count + 1 {
                blocks[blocks.count - 1] = block
            } else {
                blocks.append(Array(keys) + [column])
            }
        }
        return blocks
    }

    private func lines(of rows: [Row], columns indices: [Int], width: Int) -> String {
        var widths = indices.map(need)
        // Room that is left goes to whole titles, then to the words.
        func left() -> Int { width - widths.reduce(0, +) - Self.gap * (widths.count - 1) }
        for (place, column) in indices.enumerated() {
            let missing = columns[column].title.count - widths[place]
            if missing > 0, missing <= left() { widths[place] += missing }
        }
        for (place, column) in indices.enumerated() {
            guard case .words = columns[column].alignment else { continue }
            let longest = rows.map { $0.cells[column].count }.max() ?? 0
            widths[place] += min(max(left(), 0), max(longest - widths[place], 0))
        }
        let titles = zip(indices, widths).map { column, width in
            columns[column].title.count <= width ? [columns[column].title] : titleLines(column)
        }
        let height = titles.map(\.count).max() ?? 1
        var result = (0..<height).map { line in
            // Titles stand on the rule.
            joined(
                titles.map { titles in
                    let index = line - (height - titles.count)
                    return titles.indices.contains(index) ? titles[index] : ""
                }, indices, widths)
        }
        result.append(widths.map { String(repeating: "─", count: $0) }.joined(separator: gapText))
        for row in rows {
            let cells = zip(indices, widths).map { column, width in
                if case .words = columns[column].alignment { return Self.broken(row.cells[column], width: width) }
                return [row.cells[column]]
            }
            for line in 0..<(cells.map(\.count).max() ?? 1) {
                result.append(joined(cells.map { line < $0.count ? $0[line] : "" }, indices, widths))
            }
        }
        return result.joined(separator: "\n")
    }

    private var gapText: String { String(repeating: " ", count: Self.gap) }

    private func joined(_ cells: [String], _ indices: [Int], _ widths: [Int]) -> String {
        let padded = cells.indices.map { place in
            let space = String(repeating: " ", count: max(0, widths[place] - cells[place].count))
            let isRight = if case .right = columns[indices[place]].alignment { true } else { false }
            return isRight ? space + cells[place] : cells[place] + space
        }
        return String(padded.joined(separator: gapText).reversed().drop(while: { $0 == " " }).reversed())
    }

    /// Words in lines of at most `width`; a longer word has a line of its own.
    private static func broken(_ text: String, width: Int) -> [String] {
        var lines: [String] = [], line = ""
        for word in text.split(separator: " ") {
            if line.isEmpty {
                line = String(word)
            } else if line.count + 1 + word.count <= width {
                line += " " + word
            } else {
                lines.append(line)
                line = String(word)
            }
        }
        return lines + [line]
    }
}
