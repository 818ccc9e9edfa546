import Rewriting

/// What rows become before an 8-bit product multiplies them (docs/precision.md): the reference of the kernels.
package enum RowRounding {
    /// Ranges below this are taken for rows of zeros.
    package static let leastRange: Float = 0x1p-100

    /// Replaces each row by what its 8-bit values stand for, `(q − zero) · scale`.
    package static func round(_ buffer: RowBuffer, _ workers: CancellableWorkers) throws(AnalysisError) {
        nonisolated(unsafe) let base = buffer.base
        let columns = buffer.columns, rows = buffer.rows, part = 256
        try workers.run((rows + part - 1) / part) { index in
            for row in index * part..<min((index + 1) * part, rows) { round(base + row * columns, columns) }
        }
    }

    private static func round(_ row: UnsafeMutablePointer<Float>, _ columns: Int) {
        var low: Float = 0, high: Float = 0
        var isFinite = true
        for column in 0..<columns {
            let value = row[column]
            isFinite = isFinite && value.isFinite
            low = value < low ? value : low
            high = value > high ? value : high
        }
        let range = high - low
        guard isFinite, range.isFinite else {
            for column in 0..<columns { row[column] = .nan }
            return
        }
        guard range >= leastRange else {
            for column in 0..<columns { row[column] = 0 }
            return
        }
        let inverse = 255 / range, scale = range / 255
        let zero = (-low * inverse).rounded(.toNearestOrEven)
        for column in 0..<columns {
            let value = (row[column] * inverse).rounded(.toNearestOrEven) + zero
            row[column] = (min(max(value, 0), 255) - zero) * scale
        }
    }

    /// Multiplies each column by its factor.
    package static func multiply(
        _ buffer: RowBuffer, by factors: [Float], _ workers: CancellableWorkers
    ) throws(AnalysisError) {
        nonisolated(unsafe) let base = buffer.base
        let columns = buffer.columns, rows = buffer.rows, part = 256
        try workers.run((rows + part - 1) / part) { index in
            factors.withUnsafeBufferPointer { factors in
                for row in index * part..<min((index + 1) * part, rows) {
                    let row = base + row * columns
                    for column in 0..<columns { row[column] *= factors[column] }
                }
            }
        }
    }
}
