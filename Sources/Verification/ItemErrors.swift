import Statistics

/// How far numbers are from those that they stand for: summed over all items, and kept item by item for intervals.
struct ItemErrors: Sendable, Hashable {
    /// Sums over one item's rows and columns.
    private struct Item: Sendable, Hashable {
        var squaredError: Double
        var absoluteError: Double
        /// Of the source's numbers.
        var squares: Double
        var rows: Double
        var numbers: Double
    }

    /// Sums of columns that are kept.
    private static let sumLimit = 1 << 22

    /// Over all items.
    private(set) var total = NumberErrors()
    private var items: [Item] = []
    /// Sums of the source's columns, item by item: the variance of a resample needs them. Given up where they would
    /// take too much memory.
    private var columnSums: [Double]? = []

    /// Adds one item's numbers, row by row.
    mutating func add(source: [Float], other: [Float], rows: Int) {
        guard rows > 0, source.count == other.count else { return }
        let width = source.count / rows, before = total
        source.withUnsafeBufferPointer { first in
            other.withUnsafeBufferPointer { second in
                for row in 0..<rows {
                    let range = row * width..<(row + 1) * width
                    total.add(source: .init(rebasing: first[range]), other: .init(rebasing: second[range]))
                }
            }
        }
        var sums = [Double](repeating: 0, count: width)
        var squares = 0.0
        for row in 0..<rows {
            for column in 0..<width {
                let value = Double(source[row * width + column])
                sums[column] += value
                squares += value * value
            }
        }
        items.append(
            Item(
                squaredError: total.squaredError - before.squaredError,
                absoluteError: total.absoluteError - before.absoluteError, squares: squares, rows: Double(rows),
                numbers: Double(rows * width)))
        if (columnSums?.count ?? 0) + width <= Self.sumLimit {
            columnSums?.append(contentsOf: sums)
        } else {
            columnSums = nil
        }
    }

    /// Squared errors, and squares of the source's numbers.
    var relative: [(Double, Double)] { items.map { ($0.squaredError, $0.squares) } }

    /// Errors without their signs, and numbers.
    var absolute: [(Double, Double)] { items.map { ($0.absoluteError, $0.numbers) } }

    /// Squared errors, and squared distances of the source's numbers from their columns' means over all items; `nil`
    /// where the sums were given up.
    var deviations: [(Double, Double)]? {
        guard let columnSums, !items.isEmpty else { return nil }
        let width = columnSums.count / items.count
        let rows = items.reduce(0) { $0 + $1.rows }
        var means = [Double](repeating: 0, count: width)
        for index in columnSums.indices { means[index % max(width, 1)] += columnSums[index] / rows }
        let size = means.reduce(0) { $0 + $1 * $1 }
        return items.enumerated().map { index, item in
            let product = (0..<width).reduce(0) { $0 + means[$1] * columnSums[index * width + $1] }
            return (item.squaredError, max(0, item.squares - 2 * product + item.rows * size))
        }
    }
}
