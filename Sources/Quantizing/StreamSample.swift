import Matrices
import Platform
import Rewriting

/// Some rows of a stream that choose between ways to quantise it, and how far its columns reach.
struct StreamSample {
    /// What the model in 32 bits gives the product, `[rows, in]`.
    let wanted: Matrix
    /// What the quantised one gives it.
    let given: RowBuffer
    /// Largest magnitude of each column, over all rows of the first chunk.
    let extremes: [Float]

    /// Rows that choose at most.
    private static let rows = 384

    init(_ part: StreamRows.Part) {
        let choosing = part.choosing.flatMap { Array($0) }
        // Few sequences: rows that fit choose as well.
        let all = choosing.count >= 16 ? choosing : Array(0..<part.given.rows)
        let step = max(1, (all.count + Self.rows - 1) / Self.rows)
        let taken = stride(from: 0, to: all.count, by: step).map { all[$0] }
        let columns = part.given.columns
        given = RowBuffer(rows: taken.count, columns: columns)
        var elements = [Double](repeating: 0, count: taken.count * columns)
        for (index, row) in taken.enumerated() {
            given.copy(part.given, row: row, to: index)
            let source = part.wanted.base + row * columns
            for column in 0..<columns { elements[index * columns + column] = Double(source[column]) }
        }
        wanted = Matrix(rows: taken.count, columns: columns, elements: elements)
        var extremes = [Float](repeating: 0, count: columns)
        extremes.withUnsafeMutableBufferPointer { extremes in
            for row in 0..<part.given.rows {
                let source = part.given.base + row * columns
                for column in 0..<columns { extremes[column] = max(extremes[column], abs(source[column])) }
            }
        }
        self.extremes = extremes
    }

    /// The given rows as a product sees them.
    ///
    /// - Parameters:
    ///   - factors: What columns are multiplied by; `nil`: nothing.
    ///   - rounds: Whether rows are quantised.
    func features(
        _ factors: [Float]?, rounds: Bool, _ workers: CancellableWorkers
    ) throws(AnalysisError) -> Matrix {
        let rows = given.copied()
        if let factors { try RowRounding.multiply(rows, by: factors, workers) }
        if rounds { try RowRounding.round(rows, workers) }
        return Matrix(
            rows: rows.rows, columns: rows.columns,
            elements: UnsafeBufferPointer(start: rows.base, count: rows.rows * rows.columns).map(Double.init))
    }
}

extension Matrix {
    /// Mean square of each column.
    var columnEnergies: [Double] {
        var result = [Double](repeating: 0, count: columns)
        for row in 0..<rows {
            for column in 0..<columns {
                let value = elements[row * columns + column]
                result[column] += value * value
            }
        }
        return result.map { $0 / Double(max(rows, 1)) }
    }

    /// Rows multiplied by factors.
    func scalingRows(by factors: [Double]) -> Matrix {
        var result = self
        for row in 0..<rows { for column in 0..<columns { result.elements[row * columns + column] *= factors[row] } }
        return result
    }
}
