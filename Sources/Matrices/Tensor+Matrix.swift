import Tensors

extension Tensor {
    /// A block of a matrix, in double precision.
    package func block(rows: Range<Int>, columns: Range<Int>) -> Matrix {
        let stride = shape.extents.last ?? 0
        return withFloats { source in
            let elements = [Double](unsafeUninitializedCapacity: rows.count * columns.count) { target, count in
                for row in rows {
                    for column in columns {
                        target.initializeElement(at: count, to: Double(source[row * stride + column]))
                        count += 1
                    }
                }
            }
            return Matrix(rows: rows.count, columns: columns.count, elements: elements)
        }
    }

    /// A matrix or a vector (as one row), in double precision.
    package var matrix: Matrix {
        let columns = shape.extents.last ?? 1
        return block(rows: 0..<(columns == 0 ? 0 : count / columns), columns: 0..<columns)
    }
}
