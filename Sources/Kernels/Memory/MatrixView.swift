/// A row-major float32 matrix in memory that it does not own; valid only inside the call that hands it out.
package struct MatrixView {
    /// First element.
    package let base: UnsafePointer<Float>
    /// Number of rows.
    package let rows: Int
    /// Floats of a row.
    package let columns: Int
    /// Floats from one row to the next.
    package let stride: Int

    package init(base: UnsafePointer<Float>, rows: Int, columns: Int, stride: Int) {
        self.base = base
        self.rows = rows
        self.columns = columns
        self.stride = stride
    }

    /// One row, `columns` floats.
    package func row(_ index: Int) -> UnsafeBufferPointer<Float> {
        precondition(index >= 0 && index < rows, "row \(index) of \(rows)")
        return UnsafeBufferPointer(start: base + index * stride, count: columns)
    }

    /// Copies all rows, close together, to `target`, which has room for `rows · columns` floats.
    package func copy(to target: UnsafeMutablePointer<Float>) {
        for index in 0..<rows { (target + index * columns).update(from: base + index * stride, count: columns) }
    }

    /// The elements, row by row. A copy.
    package var floats: [Float] {
        [Float](unsafeUninitializedCapacity: rows * columns) { buffer, count in
            if let target = buffer.baseAddress { copy(to: target) }
            count = rows * columns
        }
    }
}
