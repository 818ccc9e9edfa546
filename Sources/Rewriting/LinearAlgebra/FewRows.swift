import Matrices
import ModelGraph
import Platform

/// Rows of features and targets that a refit learns from, where they are fewer than the features.
///
/// A least-squares fit is then solved in the space of the rows: with few texts and wide matrices that costs a
/// thousandth of the solution in the space of the features, and its memory is that of the rows.
package struct FewRows {
    /// Some rows.
    package struct Part {
        private(set) var count = 0
        private var features: [Double] = []
        private var targets: [Double] = []
        private let width, targetWidth: Int

        fileprivate init(_ width: Int, _ targetWidth: Int) {
            self.width = width
            self.targetWidth = targetWidth
        }

        /// Adds some rows of both buffers, in the order given.
        mutating func add(_ features: RowBuffer, _ targets: RowBuffer, _ rows: [Range<Int>]) {
            for row in rows.joined() {
                self.features += features.row(row).map(Double.init)
                self.targets += targets.row(row).map(Double.init)
                count += 1
            }
        }

        fileprivate var matrices: (features: Matrix, targets: Matrix) {
            (
                Matrix(rows: count, columns: width, elements: features),
                Matrix(rows: count, columns: targetWidth, elements: targets)
            )
        }

        fileprivate static func + (left: Part, right: Part) -> Part {
            var result = left
            result.count += right.count
            result.features += right.features
            result.targets += right.targets
            return result
        }
    }

    var train: Part
    var heldOut: Part

    init(features: Int, targets: Int) {
        train = Part(features, targets)
        heldOut = train
    }

    /// Whether the rows of some sequences are few beside the features.
    static func areFew(_ sequences: [ModelInput], features: Int) -> Bool {
        2 * sequences.reduce(0) { $0 + $1.rowEstimate } <= features
    }

    /// Adds other rows behind these.
    mutating func add(_ other: FewRows) {
        train = train + other.train
        heldOut = heldOut + other.heldOut
    }

    /// The fit that `RidgeFit.fit` makes of the sums of these rows, but for rounding.
    ///
    /// - Throws: `AnalysisError.cancelled`.
    /// - Complexity: rows · features · targets multiply-adds, three times.
    package func fit(
        prior: Matrix, strengths: [Double], workers: CancellableWorkers
    ) throws(AnalysisError) -> RidgeFit? {
        guard train.count > 1, heldOut.count > 0 else { return nil }
        let system = System(train, prior: prior)
        try workers.check()
        let held = heldOut.matrices
        let features = held.features.centred(at: system.featureMeans)
        let rest = held.targets.centred(at: system.targetMeans) - features.multiplied(by: prior)
        let products = features.multiplied(by: system.features.transposed)
        try workers.check()
        let before = rest.dot(rest)
        let slots = Lock([Double](repeating: .infinity, count: strengths.count))
        try workers.run(strengths.count) { index in
            guard let solution = system.solution(strength: strengths[index]), !workers.isCancelled else { return }
            let left = rest - products.multiplied(by: solution)
            let error = left.dot(left)
            slots.withLock { $0[index] = error }
        }
        let errors = slots.withLock { $0 }
        guard let best = errors.indices.min(by: { errors[$0] < errors[$1] }), errors[best] < before else { return nil }
        let whole = System(train + heldOut, prior: prior)
        try workers.check()
        guard let solution = whole.solution(strength: strengths[best]) else { return nil }
        let weight = prior + whole.features.transposed.multiplied(by: solution)
        let means = Matrix(rows: 1, columns: weight.rows, elements: whole.featureMeans).multiplied(by: weight)
        return RidgeFit(
            weight: weight, bias: zip(whole.targetMeans, means.elements).map(-), strength: strengths[best],
            errorBefore: before, errorAfter: errors[best])
    }

    /// The equations of some rows, one for each of them.
    private struct System {
        let featureMeans, targetMeans: [Double]
        /// About their means.
        let features: Matrix
        /// What the old weights leave of the targets, about their means.
        private let rest: Matrix
        /// Rows times rows.
        private let products: Matrix
        private let scale: Double

        init(_ rows: Part, prior: Matrix) {
            let (features, targets) = rows.matrices
            featureMeans = features.columnMeans
            targetMeans = targets.columnMeans
            self.features = features.centred(at: featureMeans)
            rest = targets.centred(at: targetMeans) - self.features.multiplied(by: prior)
            products = self.features.multiplied(by: self.features.transposed)
            scale = max(products.trace / Double(max(features.columns, 1)), .leastNormalMagnitude)
        }

        /// What the change of the weights is the features' combination of.
        func solution(strength: Double) -> Matrix? {
            var left = products
            for index in 0..<left.rows { left[index, index] += strength * scale }
            return left.solved(for: rest)
        }
    }
}

extension Matrix {
    fileprivate var columnMeans: [Double] {
        var sums = [Double](repeating: 0, count: columns)
        for row in 0..<rows { for column in 0..<columns { sums[column] += self[row, column] } }
        return sums.map { $0 / Double(max(rows, 1)) }
    }

    fileprivate func centred(at means: [Double]) -> Matrix {
        var result = self
        for row in 0..<rows { for column in 0..<columns { result[row, column] -= means[column] } }
        return result
    }
}
