import COpenBLAS
import Matrices
import Rewriting

/// Neurons of a feed-forward part in the order in which they can be spared best, and what the last matrix must be
/// without them.
///
/// One neuron after the other goes whose loss hurts the part's output least when all that are left are refitted: of the
/// squared error ‖(h_S·W_S′ − h·W)‖² that is ‖wⱼ‖² / [(C + λI)⁻¹]ⱼⱼ, with C the covariance of the neurons and wⱼ the
/// neuron's row of the matrix as refitted so far (optimal brain surgeon). Inverse and matrix are brought up to date by
/// one rank a removal; the updates of a block are applied together, as products of matrices, and what is gone is cut
/// away then.
package struct NeuronElimination: Sendable {
    /// One state on the way.
    package struct State: Sendable {
        /// Neurons that are left, ascending.
        package let kept: [Int]
        /// The last matrix, `[kept, outputs]`, refitted to the source's own activations.
        package let weight: Matrix
    }

    /// Neurons in the order in which they went.
    package private(set) var order: [Int] = []
    /// Squared error of the part's output a row after each removal, as a share of its variance.
    package private(set) var errors: [Double] = []
    /// States at the counts of removed neurons that were asked for.
    package private(set) var states: [Int: State] = [:]

    /// Removals that are applied together.
    private static let block = 64

    /// - Parameters:
    ///   - covariance: Of the neurons, `[neurons, neurons]`.
    ///   - ridge: λ.
    ///   - weight: The last matrix, `[neurons, outputs]`.
    ///   - most: Neurons to remove.
    ///   - marks: Counts of removed neurons whose states are wanted.
    /// - Throws: `AnalysisError.cancelled`.
    /// - Returns: `nil` where the covariance is of no use: nothing was computed, or not in numbers.
    /// - Complexity: neurons³ multiply-adds, most of them in products of matrices.
    package init?(
        covariance: Matrix, ridge: Double, weight: Matrix, most: Int, marks: Set<Int>, workers: CancellableWorkers
    ) throws(AnalysisError) {
        precondition(covariance.rows == covariance.columns && covariance.rows == weight.rows)
        let energy = covariance.multiplied(by: weight).dot(weight)
        guard energy.isFinite, energy > 0, var state = Reduction(covariance, weight, ridge: ridge) else {
            return nil
        }
        if marks.contains(0) { states[0] = state.state }
        var error = 0.0
        while order.count < min(most, weight.rows - 1) {
            try workers.check()
            // A block ends early where a state is wanted, which needs matrices that are up to date.
            let next = marks.filter { $0 > order.count }.min() ?? .max
            for _ in 0..<min(Self.block, most - order.count, weight.rows - 1 - order.count, next - order.count) {
                let (neuron, loss) = state.removeCheapest()
                error += loss
                order.append(neuron)
                errors.append(error / energy)
            }
            state.settle()
            if marks.contains(order.count) { states[order.count] = state.state }
        }
    }
}

/// The inverse and the matrix of what is left, with a block of removals that wait to be applied.
private struct Reduction {
    /// Numbers of the neurons that the matrices still have.
    private var alive: [Int]
    private var inverse: Matrix
    private var weight: Matrix
    /// Diagonal of the inverse and squared norms of the matrix's rows, removals that wait included.
    private var diagonal: [Double]
    private var norms: [Double]
    private var isGone: [Bool]
    /// Of each removal that waits: the column of the inverse over the root of its diagonal, and the row of the matrix
    /// over the same root.
    private var columns: [[Double]] = []
    private var rows: [[Double]] = []

    init?(_ covariance: Matrix, _ weight: Matrix, ridge: Double) {
        let size = covariance.rows
        var left = covariance
        for index in 0..<size { left[index, index] += ridge }
        var unit = Matrix(zeros: size, size)
        for index in 0..<size { unit[index, index] = 1 }
        guard let inverse = left.solved(for: unit) else { return nil }
        alive = Array(0..<size)
        self.inverse = inverse
        self.weight = weight
        isGone = Array(repeating: false, count: size)
        diagonal = []
        norms = []
        measure()
    }

    /// What is left now; only right after `settle`.
    var state: NeuronElimination.State { .init(kept: alive, weight: weight) }

    /// Diagonal and norms from the matrices.
    private mutating func measure() {
        diagonal = alive.indices.map { inverse[$0, $0] }
        let width = weight.columns
        norms = weight.elements.withUnsafeBufferPointer { elements in
            alive.indices.map { row in
                var sum = 0.0
                for column in row * width..<(row + 1) * width { sum += elements[column] * elements[column] }
                return sum
            }
        }
    }

    /// Takes out the neuron whose loss is least.
    ///
    /// - Returns: Its number, and by how much the squared error a row rises.
    mutating func removeCheapest() -> (neuron: Int, loss: Double) {
        var best = 0, least = Double.infinity
        for index in alive.indices where !isGone[index] {
            let loss = norms[index] / max(diagonal[index], .leastNormalMagnitude)
            if loss < least { (best, least) = (index, loss) }
        }
        let count = alive.count, width = weight.columns
        let root = max(diagonal[best], .leastNormalMagnitude).squareRoot()
        var column = Array(inverse.elements[best * count..<(best + 1) * count])
        var row = Array(weight.elements[best * width..<(best + 1) * width])
        for (earlier, other) in zip(columns, rows) {
            let factor = earlier[best]
            for index in column.indices { column[index] -= factor * earlier[index] }
            for index in row.indices { row[index] -= factor * other[index] }
        }
        for index in column.indices { column[index] /= root }
        for index in row.indices { row[index] /= root }
        // Inner products of all rows, as they are now, with the one that goes.
        var products = weight.multiplied(by: Matrix(rows: width, columns: 1, elements: row)).elements
        for (earlier, other) in zip(columns, rows) {
            var product = 0.0
            for index in row.indices { product += other[index] * row[index] }
            for index in products.indices { products[index] -= product * earlier[index] }
        }
        let square = row.reduce(0) { $0 + $1 * $1 }
        for index in alive.indices {
            diagonal[index] -= column[index] * column[index]
            let factor = column[index]
            norms[index] = max(0, norms[index] - 2 * factor * products[index] + factor * factor * square)
        }
        columns.append(column)
        rows.append(row)
        isGone[best] = true
        return (alive[best], least)
    }

    /// Applies the removals that wait, and cuts away what they took.
    mutating func settle() {
        guard !columns.isEmpty else { return }
        let stay = alive.indices.filter { !isGone[$0] }
        let left = Matrix(
            rows: columns.count, columns: stay.count, elements: columns.flatMap { column in stay.map { column[$0] } })
        let right = Matrix(rows: rows.count, columns: weight.columns, elements: rows.flatMap(\.self))
        inverse = inverse.selecting(rows: stay).selecting(columns: stay)
        inverse.subtract(left, left)
        weight = weight.selecting(rows: stay)
        weight.subtract(left, right)
        alive = stay.map { alive[$0] }
        isGone = Array(repeating: false, count: stay.count)
        columns = []
        rows = []
        measure()
    }
}

extension Matrix {
    /// `self -= leftᵀ · right`.
    fileprivate mutating func subtract(_ left: Matrix, _ right: Matrix) {
        precondition(left.rows == right.rows && left.columns == rows && right.columns == columns)
        guard rows > 0, columns > 0, left.rows > 0 else { return }
        let (m, n, k) = (Int32(rows), Int32(columns), Int32(left.rows))
        elements.withUnsafeMutableBufferPointer { target in
            blas_dgemm(
                BLASRowMajor, BLASTransposed, BLASNoTranspose, m, n, k, -1, left.elements, m, right.elements, n, 1,
                target.baseAddress, n)
        }
    }
}
