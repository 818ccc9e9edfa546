import COpenBLAS

/// A dense row-major matrix of doubles: statistics and weights while they are being fitted.
package struct Matrix: Sendable, Hashable {
    package let rows: Int
    package let columns: Int
    /// Elements row by row.
    package var elements: [Double]

    package init(rows: Int, columns: Int, elements: [Double]) {
        precondition(elements.count == rows * columns, "\(elements.count) elements for \(rows) × \(columns)")
        self.rows = rows
        self.columns = columns
        self.elements = elements
    }

    package init(zeros rows: Int, _ columns: Int) {
        self.init(rows: rows, columns: columns, elements: [Double](repeating: 0, count: rows * columns))
    }

    package subscript(row: Int, column: Int) -> Double {
        get { elements[row * columns + column] }
        set { elements[row * columns + column] = newValue }
    }

    /// Rows and columns exchanged.
    package var transposed: Matrix {
        var result = Matrix(zeros: columns, rows)
        for row in 0..<rows { for column in 0..<columns { result[column, row] = self[row, column] } }
        return result
    }

    /// Sum of the diagonal of a square matrix.
    package var trace: Double { (0..<min(rows, columns)).reduce(0) { $0 + self[$1, $1] } }

    /// Square root of the sum of squares.
    package var norm: Double { elements.reduce(0) { $0 + $1 * $1 }.squareRoot() }

    /// Sum of the elementwise product with a matrix of the same shape.
    package func dot(_ other: Matrix) -> Double {
        precondition(rows == other.rows && columns == other.columns)
        return zip(elements, other.elements).reduce(0) { $0 + $1.0 * $1.1 }
    }

    /// The matrix product `self · other`.
    ///
    /// - Complexity: rows · columns · other.columns multiply-adds, on the calling thread.
    package func multiplied(by other: Matrix) -> Matrix {
        precondition(columns == other.rows, "\(rows) × \(columns) times \(other.rows) × \(other.columns)")
        var result = Matrix(zeros: rows, other.columns)
        guard rows > 0, columns > 0, other.columns > 0 else { return result }
        result.elements.withUnsafeMutableBufferPointer { target in
            // Shapes were checked above; OpenBLAS writes rows · other.columns elements.
            blas_dgemm(
                BLASRowMajor, BLASNoTranspose, BLASNoTranspose, Int32(rows), Int32(other.columns), Int32(columns), 1,
                elements,
                Int32(columns), other.elements, Int32(other.columns), 0, target.baseAddress, Int32(other.columns))
        }
        return result
    }

    package static func + (left: Matrix, right: Matrix) -> Matrix {
        Matrix(rows: left.rows, columns: left.columns, elements: zip(left.elements, right.elements).map { $0 + $1 })
    }

    /// Adds another matrix of the same shape, without a third one.
    package mutating func add(_ other: Matrix) {
        precondition(rows == other.rows && columns == other.columns)
        elements.withUnsafeMutableBufferPointer { sums in
            other.elements.withUnsafeBufferPointer { others in
                for index in sums.indices { sums[index] += others[index] }
            }
        }
    }

    package static func - (left: Matrix, right: Matrix) -> Matrix {
        Matrix(rows: left.rows, columns: left.columns, elements: zip(left.elements, right.elements).map { $0 - $1 })
    }

    /// Solves `self · X = right` for a symmetric positive definite matrix, by Cholesky factors.
    ///
    /// - Returns: `nil` when the matrix is not positive definite in double precision.
    package func solved(for right: Matrix) -> Matrix? {
        precondition(rows == columns && rows == right.rows)
        guard rows > 0, right.columns > 0 else { return right }
        guard let factor = choleskyFactor() else { return nil }
        return factor.solvedAsFactor(for: right)
    }

    /// Solves `L · Lᵀ · X = right` where `self` is the lower triangular L.
    ///
    /// - Returns: `nil` when a result is not finite.
    package func solvedAsFactor(for right: Matrix) -> Matrix? {
        precondition(rows == columns && rows == right.rows)
        guard rows > 0, right.columns > 0 else { return right }
        var solution = right.elements
        for transpose in [BLASNoTranspose, BLASTransposed] {
            blas_dtrsm(
                BLASRowMajor, BLASLeft, BLASLower, transpose, BLASNonUnit, Int32(rows), Int32(right.columns), 1,
                elements, Int32(rows), &solution, Int32(right.columns))
        }
        guard solution.allSatisfy(\.isFinite) else { return nil }
        return Matrix(rows: rows, columns: right.columns, elements: solution)
    }

    /// The lower triangular L with L · Lᵀ = self, for a symmetric positive definite matrix.
    ///
    /// - Returns: `nil` when the matrix is not positive definite in double precision.
    package func choleskyFactor() -> Matrix? {
        precondition(rows == columns)
        var factor = elements
        // Column-major "U" is row-major "L": the same symmetric matrix read the other way round.
        guard blas_dpotrf(CChar(UInt8(ascii: "U")), Int32(rows), &factor, Int32(rows)) == 0 else { return nil }
        var result = Matrix(rows: rows, columns: columns, elements: factor)
        for row in 0..<rows { for column in row + 1..<max(columns, row + 1) { result[row, column] = 0 } }
        return result
    }
}
