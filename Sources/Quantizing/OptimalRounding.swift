import COpenBLAS
import Matrices
import Rewriting

/// Rounding that makes up for itself: after each row of weights is put on the grid, the rows that are not yet rounded
/// take over what it got wrong (optimal brain quantisation; GPTQ, arXiv 2210.17323).
///
/// What a row's error costs the output, and how well others can make up for it, follows from the sums XᵀX of the
/// product's inputs, of which the factor here is made: once for all columns.
struct OptimalRounding {
    /// Rows in the order in which they are rounded: those that count most first, while all others can still help.
    private let order: [Int]
    /// U with UᵀU = (XᵀX + damping)⁻¹, in that order.
    private let factor: Matrix

    /// What is added to the diagonal, as a share of its mean.
    private static let damping = 0.01
    /// Rows whose errors are gathered before the rows behind them are changed.
    private static let block = 64
    /// Columns of a task.
    private static let tile = 64

    /// - Parameter gram: XᵀX.
    /// - Returns: `nil` when it has no inverse in double precision.
    init?(gram: Matrix) {
        let count = gram.rows
        guard count > 0 else { return nil }
        let mean = gram.trace / Double(count)
        guard mean.isFinite, mean > 0 else { return nil }
        let diagonal = (0..<count).map { gram[$0, $0] }
        order = (0..<count).sorted { (-diagonal[$0], $0) < (-diagonal[$1], $1) }
        var sorted = Matrix(zeros: count, count)
        for (i, row) in order.enumerated() {
            for (j, column) in order.enumerated() { sorted[i, j] = gram[row, column] }
            sorted[i, i] += Self.damping * mean
        }
        var identity = Matrix(zeros: count, count)
        for index in 0..<count { identity[index, index] = 1 }
        guard let inverse = sorted.solved(for: identity), let lower = inverse.choleskyFactor() else { return nil }
        factor = lower.transposed
        guard (0..<count).allSatisfy({ lower[$0, $0].isFinite && lower[$0, $0] > 0 }) else { return nil }
    }

    /// Puts weights `[in, out]` on a grid.
    ///
    /// - Complexity: in² · out multiply-adds.
    func round(_ weights: Matrix, to grid: WeightGrid, _ workers: CancellableWorkers) throws(AnalysisError) -> [Int8] {
        let rows = weights.rows, columns = weights.columns
        let result = WholeNumbers(count: rows * columns)
        try workers.run((columns + Self.tile - 1) / Self.tile) { index in
            let first = index * Self.tile
            roundTile(weights, grid, first..<min(first + Self.tile, columns), result)
        }
        return result.array
    }

    private func roundTile(_ weights: Matrix, _ grid: WeightGrid, _ columns: Range<Int>, _ result: WholeNumbers) {
        let rows = weights.rows, width = columns.count
        var rest = [Double](repeating: 0, count: rows * width)
        for (place, row) in order.enumerated() {
            for column in 0..<width { rest[place * width + column] = weights[row, columns.lowerBound + column] }
        }
        var errors = [Double](repeating: 0, count: Self.block * width)
        rest.withUnsafeMutableBufferPointer { rest in
            errors.withUnsafeMutableBufferPointer { errors in
                factor.elements.withUnsafeBufferPointer { factor in
                    grid.scales.withUnsafeBufferPointer { scales in
                        guard let base = rest.baseAddress, let errorBase = errors.baseAddress,
                            let factorBase = factor.baseAddress
                        else { return }
                        for start in stride(from: 0, to: rows, by: Self.block) {
                            let end = min(start + Self.block, rows)
                            for place in start..<end {
                                let row = order[place], pivot = factorBase[place * rows + place]
                                let own = base + place * width, error = errorBase + (place - start) * width
                                let steps = row / grid.group * grid.columns + columns.lowerBound
                                let target = result.base + row * grid.columns + columns.lowerBound
                                for column in 0..<width {
                                    let step = Double(scales[steps + column])
                                    let whole = min(
                                        max((own[column] / step).rounded(.toNearestOrEven), grid.lowest), grid.highest)
                                    target[column] = Int8(whole)
                                    error[column] = (own[column] - whole * step) / pivot
                                }
                                for other in place + 1..<max(end, place + 1) {
                                    let share = factorBase[place * rows + other], others = base + other * width
                                    for column in 0..<width { others[column] -= share * error[column] }
                                }
                            }
                            guard end < rows else { continue }
                            // All rows behind the block at once: Uᵀ of the block times its errors.
                            blas_dgemm(
                                BLASRowMajor, BLASTransposed, BLASNoTranspose, Int32(rows - end), Int32(width),
                                Int32(end - start), -1, factorBase + start * rows + end, Int32(rows), errorBase,
                                Int32(width), 1, base + end * width, Int32(width))
                        }
                    }
                }
            }
        }
    }
}
