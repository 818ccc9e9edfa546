import Matrices
import Rewriting

/// Sums over the rows of a stream: what the product is given, against what it should be given.
struct StreamSums {
    /// Of rows that fit, and of rows that choose; targets are the wanted inputs, where weights are refitted.
    private(set) var train: RowStatistics
    private(set) var heldOut: RowStatistics
    private(set) var wantedSums: [Double]
    /// Whether wanted inputs are summed up as well, for a refit.
    let hasWanted: Bool

    /// Means of the wanted inputs, over rows that fit.
    var wantedMeans: [Double] { wantedSums.map { $0 / Double(max(train.count, 1)) } }

    init(inputs: Int, refits: Bool) {
        hasWanted = refits
        train = RowStatistics(features: inputs, targets: refits ? inputs : 0)
        heldOut = train
        wantedSums = [Double](repeating: 0, count: inputs)
    }

    mutating func add(_ part: StreamRows.Part, _ workers: CancellableWorkers) throws(AnalysisError) {
        let targets = hasWanted ? part.wanted : RowBuffer(rows: part.wanted.rows, columns: 0)
        try train.add(features: part.given, targets: targets, rows: part.fitting, workers: workers)
        if hasWanted { try heldOut.add(features: part.given, targets: targets, rows: part.choosing, workers: workers) }
        let columns = part.wanted.columns
        wantedSums.withUnsafeMutableBufferPointer { sums in
            for row in part.fitting.joined() {
                let source = part.wanted.base + row * columns
                for column in 0..<columns { sums[column] += Double(source[column]) }
            }
        }
    }
}

/// The least-squares problems of a stream: weights for the inputs that the product is really given.
struct StreamSolver {
    /// Sums of products of the given inputs, about their means where a bias takes care of these.
    let gram: Matrix
    private let sums: StreamSums
    /// Given times wanted inputs, less given times given.
    private let right: Matrix
    private let isCentred: Bool
    private let workers: CancellableWorkers

    init(_ sums: StreamSums, isCentred: Bool, workers: CancellableWorkers) {
        self.sums = sums
        self.isCentred = isCentred
        self.workers = workers
        gram = isCentred ? sums.train.gram(centredAt: sums.train.featureMeans) : sums.train.gram
        right = sums.hasWanted ? Self.difference(sums.train, gram, isCentred) : Matrix(zeros: 0, 0)
    }

    /// Mean square of each input.
    var energies: [Double] { (0..<gram.rows).map { max(gram[$0, $0], 0) / Double(max(sums.train.count, 1)) } }

    /// A strength λ that helps, and what solves the equations with it.
    struct Refit {
        let strength: Double
        /// L with L · Lᵀ = FᵀF + λ·s.
        let factor: Matrix
    }

    /// The strength of a refit: weights that give, of the inputs as they are, the products that the old weights give of
    /// the wanted inputs.
    ///
    /// Minimises ‖F·W − X·W⁰‖² + λ·s·‖W − W⁰‖², λ chosen on rows that do not fit.
    ///
    /// - Parameter prior: W⁰, or some of its columns.
    /// - Returns: `nil` when no λ lowers the error of these rows.
    func refit(for prior: Matrix) throws(AnalysisError) -> Refit? {
        guard sums.hasWanted, sums.train.count > 1, sums.heldOut.count > 0 else { return nil }
        let wanted = right.multiplied(by: prior)
        let checkGram =
            isCentred ? sums.heldOut.gram(centredAt: sums.heldOut.featureMeans) : sums.heldOut.gram
        let checkRight = Self.difference(sums.heldOut, checkGram, isCentred).multiplied(by: prior)
        let scale = max(gram.trace / Double(max(gram.rows, 1)), .leastNormalMagnitude)
        var best: Refit?
        var bestError = 0.0
        for strength in RidgeFit.strengths {
            try workers.check()
            var left = gram
            for index in 0..<left.rows { left[index, index] += strength * scale }
            guard let factor = left.choleskyFactor(), let change = factor.solvedAsFactor(for: wanted) else { continue }
            // The held-out error less that of no change.
            let error = change.dot(checkGram.multiplied(by: change)) - 2 * change.dot(checkRight)
            if error < bestError { (best, bestError) = (Refit(strength: strength, factor: factor), error) }
        }
        return best
    }

    /// The refitted weights of some columns.
    func weights(_ prior: Matrix, _ refit: Refit?) -> Matrix {
        guard let refit, let change = refit.factor.solvedAsFactor(for: right.multiplied(by: prior)) else {
            return prior
        }
        return prior + change
    }

    private static func difference(_ rows: RowStatistics, _ gram: Matrix, _ isCentred: Bool) -> Matrix {
        (isCentred ? rows.cross(centredAt: rows.featureMeans, rows.targetMeans) : rows.cross) - gram
    }

    /// What a bias must add so that products of the given inputs have the means that they should have.
    func shift(for weight: Matrix, _ prior: Matrix) -> [Double]? {
        guard isCentred else { return nil }
        func row(_ means: [Double], _ weight: Matrix) -> [Double] {
            Matrix(rows: 1, columns: means.count, elements: means).multiplied(by: weight).elements
        }
        return zip(row(sums.wantedMeans, prior), row(sums.train.featureMeans, weight)).map(-)
    }
}
