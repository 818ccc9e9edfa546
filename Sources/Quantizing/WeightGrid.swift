import Matrices
import ModelGraph
import Rewriting
import Tensors

/// The numbers that quantised weights can take: whole multiples of a scale, within bounds.
struct WeightGrid {
    /// Scales `[groups, columns]`, as they will be stored.
    let scales: [Float]
    /// Rows that share a scale.
    let group: Int
    let columns: Int
    let lowest: Double
    let highest: Double

    /// Parts of the largest magnitude that are tried as the end of the grid: a few large weights may be worth less than
    /// finer steps for all others.
    private static let clips: [Double] = [1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5]

    init(scales: [Float], group: Int, columns: Int, lowest: Double, highest: Double) {
        self.scales = scales
        self.group = group
        self.columns = columns
        self.lowest = lowest
        self.highest = highest
    }

    /// The grid with the least squared error of rounding, rows weighted.
    ///
    /// - Parameters:
    ///   - weights: `[in, out]`.
    ///   - energies: What an error in a row counts, `[in]`: mean square of its input.
    init(
        for weights: Matrix, energies: [Double], kind: Precision.Kind, group: Int?, _ workers: CancellableWorkers
    ) throws(AnalysisError) {
        let rows = weights.rows, columns = weights.columns
        let size = group ?? max(rows, 1)
        let groups = (rows + size - 1) / size
        let (lowest, highest): (Double, Double) = kind.isPacked ? (-8, 7) : (-127, 127)
        let isHalf = group != nil
        let buffer = RowBuffer(rows: groups, columns: columns)
        nonisolated(unsafe) let base = buffer.base
        try workers.run(groups * ((columns + 63) / 64)) { index in
            let group = index % groups, first = index / groups * 64
            let range = group * size..<min((group + 1) * size, rows)
            weights.elements.withUnsafeBufferPointer { weights in
                energies.withUnsafeBufferPointer { energies in
                    for column in first..<min(first + 64, columns) {
                        base[group * columns + column] = Self.scale(
                            weights, energies, column, columns, range, lowest, highest, isHalf: isHalf)
                    }
                }
            }
        }
        self.init(
            scales: Array(UnsafeBufferPointer(start: buffer.base, count: groups * columns)), group: size,
            columns: columns, lowest: lowest, highest: highest)
    }

    private static func scale(
        _ weights: UnsafeBufferPointer<Double>, _ energies: UnsafeBufferPointer<Double>, _ column: Int,
        _ columns: Int, _ rows: Range<Int>, _ lowest: Double, _ highest: Double, isHalf: Bool
    ) -> Float {
        var extreme = 0.0
        for row in rows {
            let value = weights[row * columns + column]
            if abs(value) > abs(extreme) { extreme = value }
        }
        guard extreme != 0 else { return 1 }
        // With one value more below zero than above, the extreme takes it: the scale has its sign.
        let whole = lowest == -highest ? abs(extreme) / highest : extreme / lowest
        var best = stored(whole, isHalf), bestError = Double.infinity
        for clip in clips {
            let scale = stored(whole * clip, isHalf), step = Double(scale)
            guard step != 0, step.isFinite else { continue }
            var error = 0.0
            for row in rows {
                let value = weights[row * columns + column]
                let rest = value - min(max((value / step).rounded(.toNearestOrEven), lowest), highest) * step
                error += energies[row] * rest * rest
            }
            if error < bestError { (best, bestError) = (scale, error) }
        }
        return best != 0 && best.isFinite ? best : 1
    }

    /// A scale as it is stored: of groups in 16 bits.
    private static func stored(_ scale: Double, _ isHalf: Bool) -> Float {
        guard isHalf else { return Float(scale) }
        let least: Float = 0x1p-14
        let rounded = float(fromHalf: halfBits(of: Float(scale)))
        return abs(rounded) < least ? (scale < 0 ? -least : least) : rounded
    }

    /// The scale of a weight.
    func scale(row: Int, column: Int) -> Double { Double(scales[row / group * columns + column]) }

    /// Every weight at the nearest number of the grid, as whole numbers.
    func nearest(_ weights: Matrix, _ workers: CancellableWorkers) throws(AnalysisError) -> [Int8] {
        let result = WholeNumbers(count: weights.rows * columns)
        let part = 64
        try workers.run((weights.rows + part - 1) / part) { index in
            weights.elements.withUnsafeBufferPointer { weights in
                scales.withUnsafeBufferPointer { scales in
                    for row in index * part..<min((index + 1) * part, weights.count / max(columns, 1)) {
                        let first = row / group * columns
                        for column in 0..<columns {
                            let step = Double(scales[first + column])
                            let value = (weights[row * columns + column] / step).rounded(.toNearestOrEven)
                            result.base[row * columns + column] = Int8(min(max(value, lowest), highest))
                        }
                    }
                }
            }
        }
        return result.array
    }

    /// What whole numbers stand for.
    func numbers(_ values: [Int8]) -> Matrix {
        let rows = columns > 0 ? values.count / columns : 0
        var result = Matrix(zeros: rows, columns)
        result.elements.withUnsafeMutableBufferPointer { target in
            values.withUnsafeBufferPointer { values in
                scales.withUnsafeBufferPointer { scales in
                    for row in 0..<rows {
                        let first = row / group * columns
                        for column in 0..<columns {
                            // The product that a reader forms, in its precision.
                            let number = Float(values[row * columns + column]) * scales[first + column]
                            target[row * columns + column] = Double(number)
                        }
                    }
                }
            }
        }
        return result
    }
}

/// Whole numbers that several threads fill, each its own ones.
///
/// `@unchecked Sendable`: writers own disjoint elements, and readers start after all writers have returned.
final class WholeNumbers: @unchecked Sendable {
    let base: UnsafeMutablePointer<Int8>
    private let count: Int

    init(count: Int) {
        self.count = count
        base = .allocate(capacity: max(count, 1))
        base.initialize(repeating: 0, count: max(count, 1))
    }

    deinit { base.deallocate() }

    var array: [Int8] { Array(UnsafeBufferPointer(start: base, count: count)) }
}
