import ModelGraph
import Runtime
import Statistics

/// Everything that is summed while two models are compared.
struct FidelityTally {
    /// Every `logitStride`-th row of logits is compared.
    let logitStride: Int

    private var cosines = CosineStatistics()
    private var squaredError = 0.0
    private var squaredSize = 0.0
    private var pooledCosines = RunningMean()
    private var divergences = RunningMean()
    private var agreements = RunningMean()
    private var mapDistances = RunningMean()
    private var logitRows = 0
    private var outputs = OutputTally()
    private var pooledSource: [[Double]] = []
    private var pooledConverted: [[Double]] = []

    init(logitStride: Int) { self.logitStride = max(1, logitStride) }

    /// Adds one text as both models see it.
    mutating func add(source: RecordedOutputs, converted: RecordedOutputs) {
        addHidden(source, converted)
        addPooled(source, converted)
        addLogits(source, converted)
        outputs.add(source.numbers, converted.numbers)
        for (first, second) in zip(source.maps, converted.maps) {
            if let first, let second { addMap(first, second) }
        }
    }

    private mutating func addHidden(_ source: RecordedOutputs, _ converted: RecordedOutputs) {
        guard source.tokens > 0, source.tokens == converted.tokens else { return }
        let width = source.hidden.count / source.tokens
        guard converted.hidden.count == source.hidden.count else { return }
        source.hidden.withUnsafeBufferPointer { first in
            converted.hidden.withUnsafeBufferPointer { second in
                for row in 0..<source.tokens {
                    let range = row * width..<(row + 1) * width
                    let pair = CosineSums(.init(rebasing: first[range]), .init(rebasing: second[range]))
                    cosines.add(pair.cosine)
                    squaredError += pair.first + pair.second - 2 * pair.dot
                    squaredSize += pair.first
                }
            }
        }
    }

    private mutating func addPooled(_ source: RecordedOutputs, _ converted: RecordedOutputs) {
        let first = source.pooled, second = converted.pooled
        guard !first.isEmpty, first.count == second.count else { return }
        pooledCosines.add(CosineSums(first, second).cosine)
        if pooledSource.count < PairSampling.textLimit {
            pooledSource.append(first)
            pooledConverted.append(second)
        }
    }

    private mutating func addLogits(_ source: RecordedOutputs, _ converted: RecordedOutputs) {
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

    private mutating func addMap(_ first: RecordedOutputs.Map, _ second: RecordedOutputs.Map) {
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

    /// Cosines of pairs of vectors.
    private static func cosines(
        of vectors: [[Double]], _ pairs: [(Int, Int)], _ resources: ExecutionResources
    ) throws(VerificationError) -> [Double] {
        var result: [Double] = []
        result.reserveCapacity(pairs.count)
        for (first, second) in pairs {
            // A thousand pairs take about a millisecond.
            if result.count.isMultiple(of: 1024) { try resources.check() }
            result.append(CosineSums(vectors[first], vectors[second]).cosine)
        }
        return result
    }

    /// What was measured; metrics without data are left out.
    ///
    /// - Throws: `VerificationError.cancelled`.
    func measurements(_ resources: ExecutionResources) throws(VerificationError) -> [Measurement] {
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
                    try Self.cosines(of: pooledSource, pairs, resources),
                    try Self.cosines(of: pooledConverted, pairs, resources)))
        }
        add(.logitsKLMean, divergences.mean)
        add(.top1Agreement, agreements.mean)
        result += outputs.measurements
        add(.mapsTVMean, mapDistances.mean)
        return result
    }
}
