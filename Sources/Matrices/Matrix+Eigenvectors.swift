extension Matrix {
    /// Eigenvalues of a symmetric matrix, the largest first, and their eigenvectors of length 1 in the columns.
    ///
    /// Jacobi's rotations, row by row until what stands beside the diagonal is rounding. The same bits on every
    /// machine; for matrices as large as a head.
    ///
    /// - Returns: `nil` when an element is not finite.
    /// - Complexity: Some ten times 6 · rows³ operations.
    package func eigenvectors() -> (values: [Double], vectors: Matrix)? {
        precondition(rows == columns)
        guard elements.allSatisfy(\.isFinite) else { return nil }
        let size = rows
        var work = self, turned = Matrix(zeros: size, size)
        for index in 0..<size { turned[index, index] = 1 }
        let least = elements.reduce(0) { $0 + $1 * $1 } * 1e-30
        work.elements.withUnsafeMutableBufferPointer { a in
            turned.elements.withUnsafeMutableBufferPointer { v in
                for _ in 0..<Self.mostSweeps {
                    var beside = 0.0
                    for p in 0..<size {
                        for q in p + 1..<max(size, p + 1) { beside += a[p * size + q] * a[p * size + q] }
                    }
                    guard beside > least else { break }
                    for p in 0..<size {
                        for q in p + 1..<max(size, p + 1) { Self.rotate(a, v, size, p, q) }
                    }
                }
            }
        }
        let order = (0..<size).sorted { (-work[$0, $0], $0) < (-work[$1, $1], $1) }
        return (order.map { work[$0, $0] }, turned.transposed.selecting(columns: order))
    }

    /// Rounds that are made at most: six to ten suffice.
    private static let mostSweeps = 40

    /// Turns rows and columns p and q so that their common element becomes 0.
    ///
    /// - Parameter v: The vectors so far, one a row.
    private static func rotate(
        _ a: UnsafeMutableBufferPointer<Double>, _ v: UnsafeMutableBufferPointer<Double>, _ size: Int, _ p: Int,
        _ q: Int
    ) {
        let common = a[p * size + q]
        guard common != 0 else { return }
        let theta = (a[q * size + q] - a[p * size + p]) / (2 * common)
        let tangent = (theta < 0 ? -1 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
        let cosine = 1 / (tangent * tangent + 1).squareRoot(), sine = tangent * cosine
        for k in 0..<size {
            let left = a[k * size + p], right = a[k * size + q]
            a[k * size + p] = cosine * left - sine * right
            a[k * size + q] = sine * left + cosine * right
        }
        for k in 0..<size {
            let upper = a[p * size + k], lower = a[q * size + k]
            a[p * size + k] = cosine * upper - sine * lower
            a[q * size + k] = sine * upper + cosine * lower
            let first = v[p * size + k], second = v[q * size + k]
            v[p * size + k] = cosine * first - sine * second
            v[q * size + k] = sine * first + cosine * second
        }
    }
}
