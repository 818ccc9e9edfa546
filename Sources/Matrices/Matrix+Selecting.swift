extension Matrix {
    /// Some rows, in the order given.
    package func selecting(rows: [Int]) -> Matrix {
        var elements: [Double] = []
        elements.reserveCapacity(rows.count * columns)
        for row in rows { elements += self.elements[row * columns..<(row + 1) * columns] }
        return Matrix(rows: rows.count, columns: columns, elements: elements)
    }

    /// Some columns, in the order given.
    package func selecting(columns: [Int]) -> Matrix {
        let elements = self.elements.withUnsafeBufferPointer { source in
            [Double](unsafeUninitializedCapacity: rows * columns.count) { target, count in
                for row in 0..<rows {
                    for column in columns {
                        target.initializeElement(at: count, to: source[row * self.columns + column])
                        count += 1
                    }
                }
            }
        }
        return Matrix(rows: rows, columns: columns.count, elements: elements)
    }
}
