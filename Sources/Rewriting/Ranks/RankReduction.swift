import Matrices

/// The best products of lower rank for that of a head's queries and keys, of every rank at once.
///
/// Scores are `q · kᵀ`. Rank r replaces them by `(q·P) · (k·R)ᵀ` with P and R of r columns, such that the squared error
/// of the scores over all pairs of a query and a key is the least that any such product has. With `A` and `B` the
/// second moments of queries and keys that is the singular value decomposition of `A^½ · B^½`. Here with `B = L·Lᵀ` and
/// the eigenvectors V of `Lᵀ·A·L`: P = L·V, R = L⁻ᵀ·V, and rank r is the first r columns of both. (The whitening of
/// SVD-LLM, arXiv 2403.07378, in the small space of a head.)
package struct RankReduction: Sendable {
    /// What a query is multiplied by, `[size, size]`, the columns that matter most first.
    package let queries: Matrix
    /// What a key is multiplied by.
    package let keys: Matrix
    /// What each column adds to the mean square of the scores, descending.
    package let energies: [Double]

    /// Ridge on the keys' moments, as a share of the mean of their diagonal: directions without any key are no
    /// reason to fail.
    private static let ridge = 1e-9

    /// - Parameters:
    ///   - queries: Second moments of the queries; of several heads with the same keys their sum.
    ///   - keys: Second moments of the keys about their mean: what is the same for all keys changes no map.
    /// - Returns: `nil` where these are not finite.
    package init?(queries: Matrix, keys: Matrix) {
        precondition(queries.rows == keys.rows && queries.columns == keys.columns)
        let size = keys.rows
        var moments = keys
        let pull = Self.ridge * keys.trace / Double(max(size, 1))
        // Where no key differs from another every map is even, whatever the queries.
        for index in 0..<size { moments[index, index] += pull > 0 ? pull : 1 }
        guard let lower = moments.choleskyFactor() else { return nil }
        var inner = lower.transposed.multiplied(by: queries.multiplied(by: lower))
        // Symmetric but for rounding.
        for row in 0..<size {
            for column in 0..<row {
                let mean = (inner[row, column] + inner[column, row]) / 2
                inner[row, column] = mean
                inner[column, row] = mean
            }
        }
        guard let (values, vectors) = inner.eigenvectors(), let inverse = lower.solvedAsFactor(for: lower) else {
            return nil
        }
        // L⁻ᵀ = (L·Lᵀ)⁻¹ · L.
        var forQueries = lower.multiplied(by: vectors), forKeys = inverse.multiplied(by: vectors)
        let largest = max(values.first ?? 0, 0)
        for column in 0..<size {
            // Both sides of a score equally large: friendlier to few bits than all on one.
            let scale = values[column] > 1e-12 * largest ? values[column].squareRoot().squareRoot() : 1
            for row in 0..<size {
                forQueries[row, column] /= scale
                forKeys[row, column] *= scale
            }
        }
        self.queries = forQueries
        self.keys = forKeys
        energies = values.map { max($0, 0) }
    }
}
