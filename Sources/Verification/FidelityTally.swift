import ModelGraph
import Statistics

/// Everything that is summed while two models are compared.
struct FidelityTally {
    /// Every so-manieth row of logits is compared.
    let logitStride: Int

    private var cosines = CosineStatistics()
    private var squaredError = 0.0
    private var squaredSize = 0.0
    private var pooledCosines = RunningMean()
    private var divergences = RunningMean()
    private var agreements = RunningMean()
    private var mapDistances = RunningMean()
    private var logitRows = 0
    private var pooledSource: [[Double]] = []
    private var pooledConverted: [[Double]] = []

    init(logitStride: Int) { self.logitStride = max(1, logitStride) }

    /// Adds one text as both models see it.
    mutating func add(source: Snapshot, converted: Snapshot) {
        addHidden(source, converted)
        addPooled(source, converted)
        addLogits(source, converted)
        for (first, second) in zip(source.maps, converted.maps) {
            if let first, let second { addMap(first, second) }
        }
    }

    private mutating func addHidden(_ source: Snapshot, _ converted: Snapshot) {
        guard source.tokens > 0, source.tokens == converted.tokens else { return }
        let width = source.hidden.count / source.tokens
        guard converted.hidden.count == source.hidden.count else { return }
        source.hidden.withUnsafeBufferPointer { first in
            converted.hidden.withUnsafeBufferPointer { second in
                for row in 0..<source.tokens {
                    let range = row * width..<(row + 1) * width
                    let pair = RowPair(.init(rebasing: first[range]), .init(rebasing: second[range]))
                    cosines.add(pair.cosine)
                    squaredError += pair.first + pair.second - 2 * pair.dot
                    squaredSize += pair.first
                }
            }
        }
    }

    private mutating func addPooled(_ source: Snapshot, _ converted: Snapshot) {
        let first = source.pooled, second = converted.pooled
        guard !first.isEmpty, first.count == second.count else { return }
        pooledCosines.add(Self.cosine(first, second))
        if pooledSource.count < PairSampling.textLimit {
            pooledSource.append(first)
            pooledConverted.append(second)
        }
    }

    private mutating func addLogits(_ source: Snapshot, _ converted: Snapshot) {
        guard source.logitRows > 0, source.logitRows == converted.logitRows else { return }
        let width = source.logits.count / source.logitRows
        // One logit is a score, not a distribution.
        guard width > 1 else { return }
        for row in 0..<source.logitRows {
            defer { logitRows += 1 }
            // One row a text is always compared: texts are few.
            guard source.logitRows == 1 || logitRows.isMultiple(of: logitStride) else { continue }
            let range = row * width..<(row + 1) * width
            let first = LogProbabilities(logits: source.logits[range])
            let second = LogProbabilities(logits: converted.logits[range])
            divergences.add(first.divergence(from: second))
            agreements.add(first.best == second.best ? 1 : 0)
        }
    }

    private mutating func addMap(_ first: Snapshot.Map, _ second: Snapshot.Map) {
        guard first.rows > 0, first.elements.count == second.elements.count else { return }
        let width = first.elements.count / first.rows
        for row in 0..<first.rows {
            var distance = 0.0
            for index in row * width..<(row + 1) * width {
                distance += Double(abs(first.elements[index] - second.elements[index]))
            }
            mapDistances.add(distance / 2)
        }
    }

    static func cosine(_ a: [Double], _ b: [Double]) -> Double {
        var dot = 0.0, first = 0.0, second = 0.0
        for (x, y) in zip(a, b) {
            dot += x * y
            first += x * x
            second += y * y
        }
        guard first > 0, second > 0 else { return first == second ? 1 : 0 }
        return dot / (first.squareRoot() * second.squareRoot())
    }

    /// What was measured; metrics without data are left out.
    var measurements: [Measurement] {
        var result: [Measurement] = []
        if cosines.count > 0 || cosines.mean.isNaN && squaredSize > 0 {
            result += [
                Measurement(.hiddenCosineMean, cosines.mean), Measurement(.hiddenCosineMin, cosines.minimum),
                Measurement(.hiddenCosineP01, cosines.percentile(0.01)),
                Measurement(
                    .hiddenRelativeError, squaredSize > 0 ? (max(0, squaredError) / squaredSize).squareRoot() : .nan),
            ]
        }
        func add(_ metric: Metric, _ value: Double?) { if let value { result.append(Measurement(metric, value)) } }
        add(.pooledCosineMean, pooledCosines.mean)
        let pairs = PairSampling.pairs(of: pooledSource.count)
        // An order needs at least three pairs to say anything.
        if pairs.count > 2 {
            add(
                .pairsSpearman,
                RankCorrelation.spearman(
                    pairs.map { Self.cosine(pooledSource[$0.0], pooledSource[$0.1]) },
                    pairs.map { Self.cosine(pooledConverted[$0.0], pooledConverted[$0.1]) }))
        }
        add(.logitsKLMean, divergences.mean)
        add(.top1Agreement, agreements.mean)
        add(.mapsTVMean, mapDistances.mean)
        return result
    }
}
