/// Sums over the rows of a stream: what the product is given, against what it should be given.
struct StreamSums {
    /// Of rows that fit, and of rows that choose; targets are the wanted inputs, where weights are refitted.
    private(set) var train: RowStatistics
    private(set) var heldOut: RowStatistics
    private(set) var wantedSums: [Double]
    private let refits: Bool

    /// Means of the wanted inputs, over rows that fit.
    var wantedMeans: [Double] { wantedSums.map { $0 / Double(max(train.count, 1)) } }

    init(inputs: Int, refits: Bool) {
        self.refits = refits
        train = RowStatistics(features: inputs, targets: refits ? inputs : 0)
        heldOut = train
        wantedSums = [Double](repeating: 0, count: inputs)
    }

    mutating func add(_ part: StreamRows.Part, _ workers: CancellableWorkers) throws(AnalysisError) {
        let targets = refits ? part.wanted : RowBuffer(rows: part.wanted.rows, columns: 0)
        try train.add(features: part.given, targets: targets, rows: part.fitting, workers: workers)
        if refits { try heldOut.add(features: part.given, targets: targets, rows: part.choosing, workers: workers) }
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
    private let prior: Matrix
    private let isCentred: Bool
    private let workers: CancellableWorkers

    init(_ sums: StreamSums, prior: Matrix, isCentred: Bool, workers: CancellableWorkers) {
        self.sums = sums
        self.prior = prior
        self.isCentred = isCentred
        self.workers = workers
        gram = isCentred ? sums.train.gram(centredAt: sums.train.featureMeans) : sums.train.gram
    }

    /// Mean square of each input.
    var energies: [Double] { (0..<gram.rows).map { max(gram[$0, $0], 0) / Double(max(sums.train.count, 1)) } }

    /// Weights that give, of the inputs as they are, the products that the old weights give of the wanted inputs.
    ///
    /// Minimises ‖F·W − X·W⁰‖² + λ·s·‖W − W⁰‖², λ chosen on rows that do not fit.
    ///
    /// - Returns: `nil` when no λ lowers the error of these.
    func refit() throws(AnalysisError) -> (weight: Matrix, strength: Double)? {
        guard sums.train.count > 1, sums.heldOut.count > 0 else { return nil }
        let right = difference(sums.train, gram).multiplied(by: prior)
        let checkGram =
            isCentred ? sums.heldOut.gram(centredAt: sums.heldOut.featureMeans) : sums.heldOut.gram
        let checkRight = difference(sums.heldOut, checkGram).multiplied(by: prior)
        let scale = max(gram.trace / Double(max(gram.rows, 1)), .leastNormalMagnitude)
        var best: (weight: Matrix, strength: Double)?
        var bestError = 0.0
        for strength in RidgeFit.strengths {
            try workers.check()
            var left = gram
            for index in 0..<left.rows { left[index, index] += strength * scale }
            guard let change = left.solved(for: right) else { continue }
            // The held-out error less that of no change.
            let error = change.dot(checkGram.multiplied(by: change)) - 2 * change.dot(checkRight)
            if error < bestError { (best, bestError) = ((prior + change, strength), error) }
        }
        return best
    }

    /// Given times wanted, less given times given.
    private func difference(_ rows: RowStatistics, _ gram: Matrix) -> Matrix {
        (isCentred ? rows.cross(centredAt: rows.featureMeans, rows.targetMeans) : rows.cross) - gram
    }

    /// What a bias must add so that products of the given inputs have the means that they should have.
    func shift(for weight: Matrix, _ prior: Matrix, wantedMeans: [Double]) -> [Double] {
        func row(_ means: [Double], _ weight: Matrix) -> [Double] {
            Matrix(rows: 1, columns: means.count, elements: means).multiplied(by: weight).elements
        }
        return zip(row(wantedMeans, prior), row(sums.train.featureMeans, weight)).map(-)
    }
}
