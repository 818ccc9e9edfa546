/// Sums over rows of numbers that a source gives and of those that stand for them, in double precision.
package struct NumberErrors: Sendable, Hashable {
    /// Rows.
    package private(set) var count = 0
    /// Sum of the squares of all differences.
    package private(set) var squaredError = 0.0
    /// Sum of all differences without their signs.
    package private(set) var absoluteError = 0.0
    /// By column: sum of the source's numbers, and of their squares.
    private var sums: [Double] = []
    private var squares: [Double] = []

    package init() {}

    /// Adds one row.
    ///
    /// - Precondition: Both rows have the same number of elements, the same for all rows.
    package mutating func add(source: UnsafeBufferPointer<Float>, other: UnsafeBufferPointer<Float>) {
        let columns = min(source.count, other.count)
        if sums.isEmpty {
            sums = [Double](repeating: 0, count: columns)
            squares = sums
        }
        for column in 0..<min(columns, sums.count) {
            let value = Double(source[column]), difference = value - Double(other[column])
            squaredError += difference * difference
            absoluteError += abs(difference)
            sums[column] += value
            squares[column] += value * value
        }
        count += 1
    }

    /// ‖difference‖ / ‖source‖ over all rows; 0 where both are 0, NaN where only the source is.
    package var relativeError: Double { Self.ratio(squaredError, squares.reduce(0, +)).squareRoot() }

    /// Sum of the squared differences as a share of the source's squared distances from its columns' means; 0 where
    /// both are 0, NaN where the source does not vary and the other differs.
    package var unexplained: Double {
        let rows = Double(max(count, 1))
        let variance = zip(sums, squares).reduce(0) { $0 + max(0, $1.1 - $1.0 * $1.0 / rows) }
        return Self.ratio(squaredError, variance)
    }

    /// Mean of the differences without their signs, over rows and columns; NaN without any.
    package var meanAbsoluteError: Double { absoluteError / Double(count * sums.count) }

    private static func ratio(_ part: Double, _ whole: Double) -> Double {
        part == 0 ? 0 : whole > 0 ? part / whole : .nan
    }
}
