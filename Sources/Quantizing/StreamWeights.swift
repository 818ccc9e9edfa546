import Matrices
import Rewriting
import Tensors

/// The matrices of a stream side by side, read column by column when they are needed.
struct StreamWeights {
    /// Name and columns of each matrix.
    let ranges: [(name: String, columns: Range<Int>)]
    private let tensors: [Tensor]
    /// Inputs, the same of all.
    let rows: Int
    /// Outputs together.
    let columns: Int
    /// Biases side by side; `nil` where a matrix has none of its own that may be changed.
    let bias: [Double]?

    init(_ matrices: [(name: String, tensor: Tensor)], bias: [Double]?) {
        var ranges: [(name: String, columns: Range<Int>)] = []
        var end = 0
        for (name, tensor) in matrices {
            let width = tensor.shape.extents.last ?? 0
            ranges.append((name, end..<end + width))
            end += width
        }
        self.ranges = ranges
        tensors = matrices.map(\.tensor)
        rows = matrices.first?.tensor.shape.extents.first ?? 0
        columns = end
        self.bias = bias
    }

    /// An even choice of columns, `count` at most.
    func sample(of count: Int) -> [Int] {
        let step = max(1, (columns + count - 1) / count)
        return Array(stride(from: 0, to: columns, by: step))
    }

    /// Some columns, ascending, in double precision.
    func block(_ wanted: [Int]) -> Matrix {
        var result = Matrix(zeros: rows, wanted.count)
        var place = 0
        for (range, tensor) in zip(ranges, tensors) {
            let own = wanted.filter(range.columns.contains).map { $0 - range.columns.lowerBound }
            guard !own.isEmpty else { continue }
            let width = range.columns.count, start = place
            tensor.withFloats { source in
                result.elements.withUnsafeMutableBufferPointer { target in
                    for row in 0..<rows {
                        for (offset, column) in own.enumerated() {
                            target[row * wanted.count + start + offset] = Double(source[row * width + column])
                        }
                    }
                }
            }
            place += own.count
        }
        return result
    }
}

/// Quantised columns, slice after slice.
struct QuantizedColumns {
    private let rows: Int
    private var slices: [(values: [Int8], grid: WeightGrid)] = []

    init(rows: Int) { self.rows = rows }

    mutating func append(_ values: [Int8], _ grid: WeightGrid) { slices.append((values, grid)) }

    /// Values and scales of each matrix.
    func matrices(_ weights: StreamWeights) -> [String: (values: [Int8], grid: WeightGrid)] {
        var result: [String: (values: [Int8], grid: WeightGrid)] = [:]
        for (name, columns) in weights.ranges { result[name] = matrix(columns) }
        return result
    }

    /// Some columns of all slices together.
    private func matrix(_ columns: Range<Int>) -> (values: [Int8], grid: WeightGrid)? {
        guard let first = slices.first?.grid else { return nil }
        let groups = (rows + first.group - 1) / first.group
        var values = [Int8](repeating: 0, count: rows * columns.count)
        var scales = [Float](repeating: 1, count: groups * columns.count)
        var start = 0
        for (part, grid) in slices {
            let own = columns.clamped(to: start..<start + grid.columns)
            for column in own {
                let from = column - start, to = column - columns.lowerBound
                for row in 0..<rows { values[row * columns.count + to] = part[row * grid.columns + from] }
                for group in 0..<groups {
                    scales[group * columns.count + to] = grid.scales[group * grid.columns + from]
                }
            }
            start += grid.columns
        }
        let grid = WeightGrid(
            scales: scales, group: first.group, columns: columns.count, lowest: first.lowest, highest: first.highest)
        return (values, grid)
    }
}
