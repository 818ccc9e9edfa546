import Analysis
import Matrices
import ModelGraph
import Rewriting
import TestSupport
import Testing

@Suite("Which neurons can be spared")
struct NeuronEliminationTests {
    private let workers = CancellableWorkers(count: 1)

    private func random(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
        var generator = SeededGenerator(seed: seed)
        return Matrix(
            rows: rows, columns: columns,
            elements: (0..<rows * columns).map { _ in Double.random(in: -1...1, using: &generator) })
    }

    private func block(_ matrix: Matrix, _ rows: [Int], _ columns: [Int]) -> Matrix {
        Matrix(
            rows: rows.count, columns: columns.count,
            elements: rows.flatMap { row in columns.map { matrix[row, $0] } })
    }

    /// The squared error of a part that keeps some neurons, all of them refitted at once: wₚᵀ(Mₚₚ − MₚₛMₛₛ⁻¹Mₛₚ)wₚ.
    private func refitted(_ metric: Matrix, _ weight: Matrix, _ kept: [Int]) throws -> (Double, Matrix) {
        let gone = (0..<weight.rows).filter { !kept.contains($0) }
        let all = Array(0..<weight.columns)
        let lost = block(weight, gone, all)
        let cross = block(metric, kept, gone)
        let share = try #require(block(metric, kept, kept).solved(for: cross))
        let rest = block(metric, gone, gone) - cross.transposed.multiplied(by: share)
        return (lost.dot(rest.multiplied(by: lost)), block(weight, kept, all) + share.multiplied(by: lost))
    }

    @Test("neurons that are not correlated go by ‖w‖² times their variance")
    func uncorrelated() throws {
        try LinearAlgebra.prepare()
        var covariance = Matrix(zeros: 4, 4)
        for (index, variance) in [1.0, 4, 0.25, 2].enumerated() { covariance[index, index] = variance }
        let weight = Matrix(rows: 4, columns: 2, elements: [3, 0, 1, 1, 2, 2, 0.5, 0])
        // Losses are 9 · 1, 2 · 4, 8 · 0.25 and 0.25 · 2, the ridge of 0.018125 added to each variance.
        let found = try #require(
            try NeuronElimination(
                covariance: covariance, ridge: 0.018125, weight: weight, most: 4, marks: [2],
                workers: workers))
        #expect(found.order == [3, 2, 1])
        let energy = 9.0 + 8 + 2 + 0.5, ridge = 0.018125
        let expected = [0.25 * (2 + ridge), 8 * (0.25 + ridge), 2 * (4 + ridge)]
        var sum = 0.0
        for (error, loss) in zip(found.errors, expected) {
            sum += loss
            #expect(abs(error - sum / energy) < 1e-12)
        }
        let state = try #require(found.states[2])
        #expect(state.kept == [0, 1])
        #expect((state.weight - block(weight, [0, 1], [0, 1])).norm < 1e-12)
    }

    @Test("each neuron that goes is the one without which the others, refitted anew, err least")
    func greedy() throws {
        try LinearAlgebra.prepare()
        // More neurons than a block of removals, fewer directions than neurons.
        let size = 90
        let mixing = random(size, 60, seed: 5)
        let covariance = mixing.multiplied(by: mixing.transposed), weight = random(size, 7, seed: 6)
        var metric = covariance
        let ridge = 0.01 * covariance.trace / Double(size)
        for index in 0..<size { metric[index, index] += ridge }
        let found = try #require(
            try NeuronElimination(
                covariance: covariance, ridge: ridge, weight: weight, most: 80, marks: [10, 64, 80], workers: workers))
        let energy = covariance.multiplied(by: weight).dot(weight)
        for count in [0, 9, 63, 64, 79] {
            let left = (0..<size).filter { !found.order.prefix(count).contains($0) }
            var errors: [Int: Double] = [:]
            for neuron in left { errors[neuron] = try refitted(metric, weight, left.filter { $0 != neuron }).0 }
            let best = try #require(errors.min { $0.value < $1.value })
            #expect(found.order[count] == best.key)
            #expect(abs(found.errors[count] - best.value / energy) < 1e-9)
        }
        for mark in [10, 64, 80] {
            let state = try #require(found.states[mark])
            #expect(state.kept == (0..<size).filter { !found.order.prefix(mark).contains($0) })
            let expected = try refitted(metric, weight, state.kept).1
            #expect((state.weight - expected).norm < 1e-9 * expected.norm)
        }
    }

    @Test("neurons that never say anything have no order")
    func silent() throws {
        try LinearAlgebra.prepare()
        let found = try NeuronElimination(
            covariance: Matrix(zeros: 3, 3), ridge: 0, weight: random(3, 2, seed: 1), most: 2, marks: [],
            workers: workers)
        #expect(found == nil)
    }
}
