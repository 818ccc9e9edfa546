/// A table for the terminal, and the same table for a page.
package struct TextTable: Sendable {
    /// How the entries of a column stand.
    package enum Alignment: Sendable {
        case left, right
        /// To the left, and on a page in several lines where the words need them.
        case words
    }

    /// A column.
    package struct Column: Sendable {
        let title: String
        let alignment: Alignment

        package init(_ title: String, _ alignment: Alignment = .right) {
            self.title = title
            self.alignment = alignment
        }
    }

    /// What a row says, beside its words.
    package enum Mark: Sendable, Hashable { case none, passed, failed, strong }

    struct Row: Sendable {
        let cells: [String]
        let mark: Mark
    }

    let columns: [Column]
    /// What the table shows, above it on a page.
    let caption: String
    /// How many columns, from the left, say what a row is: they stand in front of every part of a table that is broken.
    let keyCount: Int
    private(set) var rows: [Row] = []

    package init(_ columns: [Column], caption: String = "", keyCount: Int = 1) {
        self.columns = columns
        self.keyCount = keyCount
        self.caption = caption
    }

    /// Adds a row; entries that are missing stay empty.
    package mutating func append(_ cells: [String], mark: Mark = .none) {
        let missing = max(0, columns.count - cells.count)
        rows.append(
            Row(cells: Array(cells.prefix(columns.count)) + Array(repeating: "", count: missing), mark: mark))
    }

    /// The table as lines of text, two spaces between columns, a rule under the titles.
    package var text: String {
        let widths = columns.indices.map { index in
            rows.reduce(columns[index].title.count) { max($0, $1.cells[index].count) }
        }
        func line(_ cells: [String]) -> String {
            let padded = cells.indices.map { index in
                let space = String(repeating: " ", count: max(0, widths[index] - cells[index].count))
                return columns[index].alignment == .right ? space + cells[index] : cells[index] + space
            }
            let joined = padded.joined(separator: "  ")
            return String(joined.reversed().drop(while: { $0 == " " }).reversed())
        }
        let hasTitles = columns.contains { !$0.title.isEmpty }
        let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: "  ")
        let head = hasTitles ? [line(columns.map(\.title)), rule] : []
        return (head + rows.map { line($0.cells) }).joined(separator: "\n")
    }
}
