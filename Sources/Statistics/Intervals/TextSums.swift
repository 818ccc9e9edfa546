/// What is summed over texts, kept text by text, so that the sums can be resampled.
///
/// Above a limit neighbours are put together: memory and the cost of resampling do not grow with the number of texts,
/// and blocks of texts say as much about the spread of a sum as single ones where there are thousands.
package struct TextSums: Sendable, Hashable {
    /// Rows that are kept at least, once there are as many texts; at most twice as many.
    package static let rowLimit = 4096

    /// Numbers that are summed.
    package let columns: Int
    /// Texts so far.
    package private(set) var texts = 0
    /// Sums of `textsPerRow` texts each, the last one of as many as there are, `[rows, columns]`.
    package private(set) var elements: [Double] = []
    private var textsPerRow = 1

    package init(columns: Int) { self.columns = columns }

    package var rows: Int { columns == 0 ? 0 : elements.count / columns }

    /// Adds one text's numbers, as many as there are columns.
    package mutating func add(_ values: [Double]) {
        guard values.count == columns, columns > 0 else { return }
        if texts.isMultiple(of: textsPerRow), rows == 2 * Self.rowLimit { putTogether() }
        if texts.isMultiple(of: textsPerRow) {
            elements += values
        } else {
            let start = elements.count - columns
            for column in 0..<columns { elements[start + column] += values[column] }
        }
        texts += 1
    }

    /// Sums of each two neighbours instead of both.
    private mutating func putTogether() {
        let half = rows / 2
        for row in 0..<half {
            for column in 0..<columns {
                elements[row * columns + column] =
                    elements[2 * row * columns + column] + elements[(2 * row + 1) * columns + column]
            }
        }
        elements.removeSubrange((half * columns)...)
        textsPerRow *= 2
    }

    /// Sums over all texts.
    package var totals: [Double] {
        var result = [Double](repeating: 0, count: columns)
        for row in 0..<rows { for column in 0..<columns { result[column] += elements[row * columns + column] } }
        return result
    }
}
