import Analysis
import Matrices
import Platform
import Rewriting
import TestSupport
import Testing

/// Products of a few dozen numbers in single precision.
private let singlePrecision = 1e-4
private let doublePrecision = 1e-9

@Suite("Least squares")
struct LinearAlgebraTests {
    private func buffer(rows: Int, columns: Int, _ value: (Int, Int) -> Float) -> RowBuffer {
        let result = RowBuffer(rows: rows, columns: columns)
        for row in 0..<rows { for column in 0..<columns { result.row(row)[column] = value(row, column) } }
        return result
    }

    @Test("statistics are sums over rows, and the same to the bit for any number of workers", arguments: [1, 2, 5])
    func statistics(_ workers: Int) throws {
        var generator = SeededGenerator(seed: 4)
        let values = (0..<2500 * 300).map { _ in Float.random(in: -1...1, using: &generator) }
        let features = buffer(rows: 2500, columns: 300) { values[$0 * 300 + $1] }
        let targets = buffer(rows: 2500, columns: 2) { values[$0 * 300 + $1 + 7] + 1 }
        var statistics = RowStatistics(features: 300, targets: 2)
        try statistics.add(
            features: features, targets: targets, rows: [3..<2400, 2450..<2500],
            workers: CancellableWorkers(count: workers))
        var alone = RowStatistics(features: 300, targets: 2)
        try alone.add(
            features: features, targets: targets, rows: [3..<2400, 2450..<2500], workers: CancellableWorkers(count: 1))
        #expect(statistics.gram == alone.gram)
        #expect(statistics.cross == alone.cross)
        let rows = Array(3..<2400) + Array(2450..<2500)
        func sum(_ value: (Int) -> Double) -> Double { rows.reduce(0) { $0 + value($1) } }
        #expect(statistics.count == rows.count)
        let product = sum { Double(features.row($0)[299]) * Double(features.row($0)[5]) }
        #expect(abs(statistics.gram[299, 5] - product) < singlePrecision * Double(rows.count))
        let crossed = sum { Double(features.row($0)[200]) * Double(targets.row($0)[1]) }
        #expect(abs(statistics.cross[200, 1] - crossed) < singlePrecision * Double(rows.count))
        #expect(abs(statistics.targetSums[0] - sum { Double(targets.row($0)[0]) }) < doublePrecision)
    }

    @Test("Cholesky solves a system known by hand, and refuses an indefinite one")
    func cholesky() throws {
        let matrix = Matrix(rows: 2, columns: 2, elements: [4, 2, 2, 3])
        // 4x + 2y = 8, 2x + 3y = 8: x = 1, y = 2.
        let solution = try #require(matrix.solved(for: Matrix(rows: 2, columns: 1, elements: [8, 8])))
        #expect(abs(solution[0, 0] - 1) < doublePrecision)
        #expect(abs(solution[1, 0] - 2) < doublePrecision)
        let factor = try #require(matrix.choleskyFactor())
        #expect(
            factor.multiplied(by: factor.transposed).elements.elementsEqual(matrix.elements) {
                abs($0 - $1) < doublePrecision
            })
        #expect(factor[0, 1] == 0)
        #expect(Matrix(rows: 2, columns: 2, elements: [1, 2, 2, 1]).choleskyFactor() == nil)
    }

    @Test("a ridge fit of one feature is the textbook formula")
    func ridgeByHand() throws {
        // Features −1, 0, 1 and targets 2f + 5; the prior is 0.
        let features = buffer(rows: 6, columns: 1) { row, _ in Float(row % 3) - 1 }
        let targets = buffer(rows: 6, columns: 1) { row, _ in 2 * (Float(row % 3) - 1) + 5 }
        var train = RowStatistics(features: 1, targets: 1), heldOut = train
        try train.add(features: features, targets: targets, rows: [0..<3], workers: CancellableWorkers(count: 1))
        try heldOut.add(features: features, targets: targets, rows: [3..<6], workers: CancellableWorkers(count: 1))
        let fit = try #require(
            try RidgeFit.fit(
                train: train, heldOut: heldOut, prior: Matrix(zeros: 1, 1), strengths: [0.25, 1],
                workers: CancellableWorkers(count: 1)))
        // Σf² = 4 over all rows, Σf·t = 8, λ·s = 0.25 · 4: w = 8 / 5.
        #expect(fit.strength == 0.25)
        #expect(abs(fit.weight[0, 0] - 1.6) < doublePrecision)
        #expect(abs(fit.bias[0] - 5) < doublePrecision)
        // Held out: before, Σ(2f)² = 8; after w = 4 / 2.5 = 1.6 from the three fitted rows, Σ(0.4f)² = 0.32.
        #expect(abs(fit.errorBefore - 8) < doublePrecision)
        #expect(abs(fit.errorAfter - 0.32) < doublePrecision)
    }

    @Test("weights that are right already are left alone")
    func nothingToGain() throws {
        let features = buffer(rows: 40, columns: 2) { row, column in Float((row * (column + 3)) % 7) }
        let targets = buffer(rows: 40, columns: 1) { row, _ in Float((row * 3) % 7) - 2 * Float((row * 4) % 7) + 1 }
        var train = RowStatistics(features: 2, targets: 1), heldOut = train
        try train.add(features: features, targets: targets, rows: [0..<20], workers: CancellableWorkers(count: 1))
        try heldOut.add(features: features, targets: targets, rows: [20..<40], workers: CancellableWorkers(count: 1))
        let prior = Matrix(rows: 2, columns: 1, elements: [1, -2])
        let fit = try RidgeFit.fit(train: train, heldOut: heldOut, prior: prior, workers: CancellableWorkers(count: 1))
        #expect(fit.map { $0.weight.elements.elementsEqual(prior.elements) { abs($0 - $1) < doublePrecision } } ?? true)
    }
}
