/// Rows of floats that several threads fill, each row by one of them.
///
/// `@unchecked Sendable`: writers own disjoint rows, and readers start after all writers have returned.
package final class RowBuffer: @unchecked Sendable {
    package let rows: Int
    package let columns: Int
    /// First element; `rows · columns` floats, close together.
    package let base: UnsafeMutablePointer<Float>

    package init(rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
        base = .allocate(capacity: max(1, rows * columns))
        base.initialize(repeating: 0, count: max(1, rows * columns))
    }

    deinit { base.deallocate() }

    /// One row.
    package func row(_ index: Int) -> UnsafeMutableBufferPointer<Float> {
        precondition(index >= 0 && index < rows, "row \(index) of \(rows)")
        return UnsafeMutableBufferPointer(start: base + index * columns, count: columns)
    }

    /// A buffer of its own with the same rows.
    package func copied() -> RowBuffer {
        let result = RowBuffer(rows: rows, columns: columns)
        result.base.update(from: base, count: rows * columns)
        return result
    }

    /// Copies a row of another buffer of the same width.
    package func copy(_ other: RowBuffer, row: Int, to index: Int) {
        precondition(other.columns == columns && row < other.rows && index < rows)
        (base + index * columns).update(from: other.base + row * columns, count: columns)
    }

    /// Copies whole rows that stand close together.
    func copy(_ numbers: [Float], to index: Int) {
        precondition(index * columns + numbers.count <= rows * columns)
        numbers.withUnsafeBufferPointer { source in
            guard let first = source.baseAddress else { return }
            (base + index * columns).update(from: first, count: source.count)
        }
    }

    /// `self -= other`, elementwise.
    package func subtract(_ other: RowBuffer) {
        precondition(rows == other.rows && columns == other.columns)
        for index in 0..<rows * columns { base[index] -= other.base[index] }
    }
}
