extension Tensor {
    /// A matrix with its two axes exchanged, `[rows, columns]` → `[columns, rows]`, elements in their stored type.
    ///
    /// - Returns: `nil` unless the rank is 2.
    package func transposed() -> Tensor? {
        guard shape.rank == 2 else { return nil }
        let rows = shape[0], columns = shape[1], size = dtype.byteCount
        let storage = TensorStorage(byteCount: byteCount) { target in
            withUnsafeBytes { source in
                // Square blocks keep both sides inside the cache.
                let block = 32
                for rowStart in stride(from: 0, to: rows, by: block) {
                    for columnStart in stride(from: 0, to: columns, by: block) {
                        for row in rowStart..<min(rowStart + block, rows) {
                            for column in columnStart..<min(columnStart + block, columns) {
                                for byte in 0..<size {
                                    target[(column * rows + row) * size + byte] =
                                        source[(row * columns + column) * size + byte]
                                }
                            }
                        }
                    }
                }
            }
        }
        return Tensor(dtype: dtype, shape: [columns, rows], storage: storage)
    }
}
