import Matrices
import Platform

/// Least squares with a pull towards the weights that are there already.
///
/// Minimises ‖F·W + b − T‖² + λ·s·‖W − W⁰‖² where s is the mean of the features' variances times rows, so that λ means
/// the same for all layers. The bias is free: it follows from the means.
package struct RidgeFit: Sendable {
    /// Fitted weights `[features, targets]`.
    package let weight: Matrix
    /// Fitted bias `[targets]`.
    package let bias: [Double]
    /// λ that was chosen.
    package let strength: Double
    /// Squared error on the held-out rows with the old weights and the best constant bias of the fitted rows.
    package let errorBefore: Double
    /// Squared error on the held-out rows with the fitted weights.
    package let errorAfter: Double

    /// λ that are tried. Below the least the fits of all measured layers overfit, above the last nothing moves.
    package static let strengths: [Double] = [1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1, 3]

    /// Fits on `train` for every λ, chooses on `heldOut`, and fits once more on all rows with the chosen λ.
    ///
    /// - Parameter prior: W⁰, `[features, targets]`.
    /// - Throws: `AnalysisError.cancelled`.
    /// - Returns: `nil` when no λ lowers the held-out error, when there are no rows, or when nothing could be solved.
    /// - Complexity: features³ / 3 + features² · targets multiply-adds for each λ.
    package static func fit(
        train: RowStatistics, heldOut: RowStatistics, prior: Matrix, strengths: [Double] = strengths,
        workers: CancellableWorkers
    ) throws(AnalysisError) -> RidgeFit? {
        guard train.count > 1, heldOut.count > 0 else { return nil }
        // All products before the first strength is tried: each keeps one thread busy.
        let made = Lock<(system: System?, check: Check?, whole: System?)>((nil, nil, nil))
        try workers.run(3) { index in
            switch index {
            case 0:
                let system = System(train, prior: prior)
                made.withLock { $0.system = system }
            case 1:
                let system = System(train.merged(with: heldOut), prior: prior)
                made.withLock { $0.whole = system }
            default:
                let check = Check(heldOut, prior: prior)
                made.withLock { $0.check = check }
            }
        }
        guard let system = made.withLock({ $0.system }), let check = made.withLock({ $0.check }),
            let whole = made.withLock({ $0.whole })
        else { return nil }
        let before = check.error(of: Matrix(zeros: prior.rows, prior.columns), bias: system.bias(for: nil))
        let slots = Lock([Double](repeating: .infinity, count: strengths.count))
        try workers.run(strengths.count) { index in
            guard let change = system.solution(strength: strengths[index]), !workers.isCancelled else { return }
            let error = check.error(of: change, bias: system.bias(for: change))
            slots.withLock { $0[index] = error }
        }
        let errors = slots.withLock { $0 }
        guard let best = errors.indices.min(by: { errors[$0] < errors[$1] }), errors[best] < before else { return nil }
        guard let change = whole.solution(strength: strengths[best]) else { return nil }
        return RidgeFit(
            weight: prior + change, bias: whole.bias(for: change), strength: strengths[best], errorBefore: before,
            errorAfter: errors[best])
    }

    /// Products of some rows about their means, for the change of the weights.
    private struct Moments {
        let gram: Matrix
        /// Features times targets.
        let targets: Matrix
        /// Features times what the old weights leave of the targets.
        let rest: Matrix
        private let featureMeans: [Double]
        /// Mean of what the old weights leave over.
        private let restMeans: [Double]

        init(_ rows: RowStatistics, prior: Matrix) {
            featureMeans = rows.featureMeans
            gram = rows.gram(centredAt: featureMeans)
            targets = rows.cross(centredAt: featureMeans, rows.targetMeans)
            rest = targets - gram.multiplied(by: prior)
            restMeans = RidgeFit.rest(rows.targetMeans, featureMeans, prior)
        }

        /// Mean of what is left over after the change; `nil`: of none.
        func means(after change: Matrix?) -> [Double] {
            guard let change else { return restMeans }
            return RidgeFit.rest(restMeans, featureMeans, change)
        }
    }

    /// The normal equations of some rows.
    private struct System {
        private let moments: Moments
        private let scale: Double

        init(_ rows: RowStatistics, prior: Matrix) {
            moments = Moments(rows, prior: prior)
            scale = max(moments.gram.trace / Double(max(moments.gram.rows, 1)), .leastNormalMagnitude)
        }

        func solution(strength: Double) -> Matrix? {
            var left = moments.gram
            for index in 0..<left.rows { left[index, index] += strength * scale }
            return left.solved(for: moments.rest)
        }

        func bias(for change: Matrix?) -> [Double] { moments.means(after: change) }
    }

    /// The held-out error as a function of the change, from statistics alone.
    private struct Check {
        private let moments: Moments
        private let energy: Double
        private let count: Double

        init(_ rows: RowStatistics, prior: Matrix) {
            moments = Moments(rows, prior: prior)
            // ‖T − F·W⁰‖² about the means.
            energy =
                rows.targetEnergy(centredAt: rows.targetMeans) - prior.dot(moments.targets) - prior.dot(moments.rest)
            count = Double(rows.count)
        }

        func error(of change: Matrix, bias: [Double]) -> Double {
            let spread =
                energy - 2 * change.dot(moments.rest) + change.dot(moments.gram.multiplied(by: change))
            let offset = moments.means(after: change)
            return spread + count * zip(offset, bias).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        }
    }

    /// targets − features · weight, for one row of means.
    private static func rest(_ targets: [Double], _ features: [Double], _ weight: Matrix) -> [Double] {
        let row = Matrix(rows: 1, columns: features.count, elements: features).multiplied(by: weight)
        return zip(targets, row.elements).map(-)
    }
}
