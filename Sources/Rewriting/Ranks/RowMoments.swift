import Matrices

/// Mean and covariance of the rows that projections read.
package struct RowMoments: Sendable {
    let mean: Matrix
    let covariance: Matrix

    /// Of rows of which sums were taken.
    package init(_ sums: RowStatistics) {
        mean = Matrix(rows: 1, columns: sums.featureCount, elements: sums.featureMeans)
        covariance = sums.covariance.matrix
    }

    /// Of rows of which nothing is known: all directions alike.
    init(unknown width: Int) {
        mean = Matrix(zeros: 1, width)
        var covariance = Matrix(zeros: width, width)
        for index in 0..<width { covariance[index, index] = 1 }
        self.covariance = covariance
    }

    /// Second moments of what some blocks of a projection's columns make of the rows, block by block.
    ///
    /// - Parameters:
    ///   - weight: `[width, blocks · size]`.
    ///   - bias: One row; `nil`: none is added.
    ///   - isCentred: Whether they are taken about the mean.
    func projected(_ weight: Matrix, bias: Matrix?, size: Int, isCentred: Bool) -> [Matrix] {
        let products = covariance.multiplied(by: weight)
        var means = mean.multiplied(by: weight)
        if let bias { means = means + bias }
        return (0..<weight.columns / max(size, 1)).map { block in
            let columns = Array(block * size..<(block + 1) * size)
            var moments = weight.selecting(columns: columns).transposed.multiplied(
                by: products.selecting(columns: columns))
            if !isCentred {
                let own = means.selecting(columns: columns)
                moments = moments + own.transposed.multiplied(by: own)
            }
            return moments
        }
    }
}
