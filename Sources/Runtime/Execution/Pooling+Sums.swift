import ModelGraph

extension Pooling {
    /// Sums of rows that are divided by something else than their number; zeros when no row counts.
    ///
    /// - Parameters:
    ///   - keys: Rows that may count, from the first on.
    ///   - mask: One column, 0 where a row does not count; `nil`: all of them do.
    ///   - positions: Where each row stands in its sequence, counted from 0; `nil`: where it is.
    ///   - out: Where the `columns` floats go.
    func sum(
        _ rows: MatrixView, keys: Int, shownBy mask: MatrixView?, positions: ArraySlice<Int32>?,
        into out: UnsafeMutablePointer<Float>
    ) {
        let width = rows.columns, first = positions?.startIndex ?? 0
        out.update(repeating: 0, count: width)
        var total: Float = 0
        for row in 0..<keys {
            if let mask, mask.base[row * mask.stride] == 0 { continue }
            let weight = self == .weightedMean ? Float((positions.map { $0[first + row] } ?? Int32(row)) + 1) : 1
            let source = rows.base + row * rows.stride
            for column in 0..<width { out[column] += weight * source[column] }
            total += weight
        }
        let divisor = self == .meanSquareRoot ? total.squareRoot() : total
        guard divisor > 0 else { return }
        for column in 0..<width { out[column] /= divisor }
    }
}
