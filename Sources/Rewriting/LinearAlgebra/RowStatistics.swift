import COpenBLAS
import Matrices
import Platform

/// Everything a least-squares fit needs to know about rows of features and targets: counts, sums and products.
///
/// Blocks of rows are multiplied in single precision and summed in double. The products are cut into tiles that do not
/// depend on the number of threads, and every tile is summed in the order of the blocks: the same rows give the same
/// bits however many workers there are.
package struct RowStatistics: Sendable {
    /// Rows so far.
    package private(set) var count = 0
    /// Sums of the features, `[features]`.
    package private(set) var featureSums: [Double]
    /// Sums of the targets, `[targets]`.
    package private(set) var targetSums: [Double]
    /// Sum of squares of each target, `[targets]`.
    package private(set) var targetSquares: [Double]
    /// Features times features, `[features, features]`; the upper triangle of tiles until `finished`.
    private var products: Matrix
    /// Features times targets, `[features, targets]`.
    package private(set) var cross: Matrix

    /// Edge of a tile; one tile's floats stay in the second-level cache.
    private static let tile = 192
    /// Rows that are multiplied in single precision before they are added in double.
    package static let blockRows = 1024

    package init(features: Int, targets: Int) {
        featureSums = [Double](repeating: 0, count: features)
        targetSums = [Double](repeating: 0, count: targets)
        targetSquares = [Double](repeating: 0, count: targets)
        products = Matrix(zeros: features, features)
        cross = Matrix(zeros: features, targets)
    }

    package var featureCount: Int { featureSums.count }
    package var targetCount: Int { targetSums.count }

    /// Adds some rows of both buffers, in the order given.
    ///
    /// - Throws: `AnalysisError.cancelled`; the sums are of no use then.
    package mutating func add(
        features: RowBuffer, targets: RowBuffer, rows: [Range<Int>], workers: CancellableWorkers
    ) throws(AnalysisError) {
        precondition(features.columns == featureCount && targets.columns == targetCount)
        // Rows are packed close together first: sequences that fit and sequences that choose stand mixed.
        let packedFeatures = RowBuffer(rows: Self.blockRows, columns: featureCount)
        let packedTargets = RowBuffer(rows: Self.blockRows, columns: targetCount)
        var filled = 0
        for row in rows.joined() {
            packedFeatures.copy(features, row: row, to: filled)
            packedTargets.copy(targets, row: row, to: filled)
            filled += 1
            if filled == Self.blockRows {
                try addBlock(features: packedFeatures, targets: packedTargets, rows: filled, workers)
                filled = 0
            }
        }
        if filled > 0 { try addBlock(features: packedFeatures, targets: packedTargets, rows: filled, workers) }
    }

    private mutating func addBlock(
        features: RowBuffer, targets: RowBuffer, rows: Int, _ workers: CancellableWorkers
    ) throws(AnalysisError) {
        count += rows
        for row in 0..<rows {
            let f = features.base + row * featureCount, t = targets.base + row * targetCount
            for column in 0..<featureCount { featureSums[column] += Double(f[column]) }
            for column in 0..<targetCount {
                let value = Double(t[column])
                targetSums[column] += value
                targetSquares[column] += value * value
            }
        }
        var tiles: [(left: Range<Int>, right: Range<Int>, isCross: Bool)] = []
        for left in Self.tiles(featureCount) {
            for right in Self.tiles(featureCount) where right.lowerBound >= left.lowerBound {
                tiles.append((left, right, false))
            }
            for right in Self.tiles(targetCount) { tiles.append((left, right, true)) }
        }
        let jobs = tiles
        let width = featureCount, targetWidth = targetCount
        try products.elements.withUnsafeMutableBufferPointer { (products) throws(AnalysisError) in
            try cross.elements.withUnsafeMutableBufferPointer { (cross) throws(AnalysisError) in
                // Tiles are disjoint parts of the sums; each is written by one task.
                nonisolated(unsafe) let products = products, cross = cross
                try workers.run(jobs.count) { index in
                    let (left, right, isCross) = jobs[index]
                    let other = isCross ? targets : features
                    let partial = Self.product(
                        features.base + left.lowerBound, width, other.base + right.lowerBound, other.columns,
                        rows: rows,
                        left.count, right.count)
                    let stride = isCross ? targetWidth : width
                    let sums = isCross ? cross : products
                    for i in 0..<left.count {
                        let target = (left.lowerBound + i) * stride + right.lowerBound
                        for j in 0..<right.count { sums[target + j] += Double(partial[i * right.count + j]) }
                    }
                }
            }
        }
    }

    private static func tiles(_ count: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: tile).map { $0..<min($0 + tile, count) }
    }

    /// leftᵀ · right of some rows.
    private static func product(
        _ left: UnsafePointer<Float>, _ leftStride: Int, _ right: UnsafePointer<Float>, _ rightStride: Int, rows: Int,
        _ leftColumns: Int, _ rightColumns: Int
    ) -> [Float] {
        [Float](unsafeUninitializedCapacity: leftColumns * rightColumns) { buffer, count in
            blas_sgemm(
                BLASRowMajor, BLASTransposed, BLASNoTranspose, Int32(leftColumns), Int32(rightColumns), Int32(rows), 1,
                left,
                Int32(leftStride), right, Int32(rightStride), 0, buffer.baseAddress, Int32(rightColumns))
            count = leftColumns * rightColumns
        }
    }

    /// Statistics of both sets of rows.
    package func merged(with other: RowStatistics) -> RowStatistics {
        var result = self
        result.add(other)
        return result
    }

    /// Adds the statistics of other rows.
    mutating func add(_ other: RowStatistics) {
        precondition(featureCount == other.featureCount && targetCount == other.targetCount)
        count += other.count
        for index in featureSums.indices { featureSums[index] += other.featureSums[index] }
        for index in targetSums.indices { targetSums[index] += other.targetSums[index] }
        for index in targetSquares.indices { targetSquares[index] += other.targetSquares[index] }
        products.add(other.products)
        cross.add(other.cross)
    }

    /// Mean of each feature.
    package var featureMeans: [Double] { featureSums.map { $0 / Double(max(count, 1)) } }
    /// Mean of each target.
    package var targetMeans: [Double] { targetSums.map { $0 / Double(max(count, 1)) } }

    /// Features times features, symmetric.
    package var gram: Matrix {
        var result = products
        for row in 0..<featureCount { for column in 0..<row { result[row, column] = result[column, row] } }
        return result
    }

    /// Features times features about `means` (subtracted from every row).
    package func gram(centredAt means: [Double]) -> Matrix {
        var result = gram
        let n = Double(count)
        for row in 0..<featureCount {
            for column in 0..<featureCount {
                result[row, column] -=
                    means[row] * featureSums[column] + featureSums[row] * means[column] - n * means[row] * means[column]
            }
        }
        return result
    }

    /// Features times targets, both about their given means.
    package func cross(centredAt means: [Double], _ targetMeans: [Double]) -> Matrix {
        var result = cross
        let n = Double(count)
        for row in 0..<featureCount {
            for column in 0..<targetCount {
                result[row, column] -=
                    means[row] * targetSums[column] + featureSums[row] * targetMeans[column]
                    - n * means[row] * targetMeans[column]
            }
        }
        return result
    }

    /// Sum of squares of the targets about given means.
    package func targetEnergy(centredAt targetMeans: [Double]) -> Double {
        let n = Double(count)
        return targetMeans.indices.reduce(0) {
            $0 + targetSquares[$1] - 2 * targetMeans[$1] * targetSums[$1] + n * targetMeans[$1] * targetMeans[$1]
        }
    }
}

extension RowStatistics {
    /// Numbers of `packed` for so many features and targets; `nil`: more than can be counted.
    static func packedCount(features: Int, targets: Int) -> Int? {
        guard features >= 0, targets >= 0 else { return nil }
        let (square, tooManyFeatures) = features.multipliedReportingOverflow(by: features + 3)
        let (rest, tooMany) = targets.multipliedReportingOverflow(by: features + 2)
        let (sum, overflows) = (square / 2).addingReportingOverflow(rest)
        return tooManyFeatures || tooMany || overflows ? nil : sum
    }

    /// All sums in a fixed order, of the symmetric products one half.
    var packed: [Double] {
        var result = featureSums + targetSums + targetSquares
        result.reserveCapacity(Self.packedCount(features: featureCount, targets: targetCount) ?? 0)
        for row in 0..<featureCount {
            result += products.elements[row * featureCount + row..<(row + 1) * featureCount]
        }
        return result + cross.elements
    }

    /// What `packed` gave.
    ///
    /// - Returns: `nil` where there are fewer or more numbers than that many features and targets have.
    init?(packed: ArraySlice<Double>, count: Int, features: Int, targets: Int) {
        guard count >= 0, packed.count == Self.packedCount(features: features, targets: targets) else { return nil }
        self.init(features: features, targets: targets)
        self.count = count
        var rest = packed
        func take(_ count: Int) -> ArraySlice<Double> {
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        featureSums = Array(take(features))
        targetSums = Array(take(targets))
        targetSquares = Array(take(targets))
        for row in 0..<features {
            products.elements.replaceSubrange(row * features + row..<(row + 1) * features, with: take(features - row))
        }
        cross.elements = Array(take(features * targets))
    }
}
