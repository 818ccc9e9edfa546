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
    // The same, text by text: sums and what they are divided by.
    private var cosineSums = TextSums(columns: 2)
    private var lowestCosines = LowestValues()
    private var errorSums = TextSums(columns: 2)
    private var pooledSums = TextSums(columns: 2)
    private var divergenceSums = TextSums(columns: 2)
    private var agreementSums = TextSums(columns: 2)
    private var distanceSums = TextSums(columns: 2)
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
        let before = mapDistances
        for (first, second) in zip(source.maps, converted.maps) {
            if let first, let second { addMap(first, second) }
        }
        distanceSums.add(mapDistances, since: before)
    }

    private mutating func addHidden(_ source: RecordedOutputs, _ converted: RecordedOutputs) {
        guard source.tokens > 0, source.tokens == converted.tokens else { return }
        let width = source.hidden.count / source.tokens
        guard converted.hidden.count == source.hidden.count else { return }
        lowestCosines.beginText()
        var cosine = 0.0, error = 0.0, size = 0.0
        source.hidden.withUnsafeBufferPointer { first in
            converted.hidden.withUnsafeBufferPointer { second in
                for row in 0..<source.tokens {
                    let range = row * width..<(row + 1) * width
                    let pair = CosineSums(.init(rebasing: first[range]), .init(rebasing: second[range]))
                    cosines.add(pair.cosine)
                    lowestCosines.add(pair.cosine)
                    cosine += pair.cosine
                    error += pair.first + pair.second - 2 * pair.dot
                    size += pair.first
                }
            }
        }
        squaredError += error
        squaredSize += size
        cosineSums.add([cosine, Double(source.tokens)])
        errorSums.add([error, size])
    }

    private mutating func addPooled(_ source: RecordedOutputs, _ converted: RecordedOutputs) {
        let first = source.pooled, second = converted.pooled
        guard !first.isEmpty, first.count == second.count else { return }
        let cosine = CosineSums(first, second).cosine
        pooledCosines.add(cosine)
        pooledSums.add([cosine, 1])
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
        let before = (divergences, agreements)
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
        divergenceSums.add(divergences, since: before.0)
        agreementSums.add(agreements, since: before.1)
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
        func add(
            _ metric: Metric, _ value: Double?, _ sums: TextSums, _ statistic: (Double) -> Double = { $0 }
        ) throws(VerificationError) {
            try resources.check()
            guard let value else { return }
            result.append(.ofRatio(metric, value, sums, statistic))
        }
        if cosines.count > 0 || cosines.mean.isNaN && squaredSize > 0 {
            try add(.hiddenCosineMean, cosines.mean, cosineSums)
            result.append(Measurement(.hiddenCosineMin, cosines.minimum))
            let percentile = cosines.percentile(0.01)
            result.append(
                Measurement(
                    .hiddenCosineP01, percentile,
                    interval: percentile.isNaN ? nil : lowestCosines.interval(share: 0.01)))
            let error = squaredSize > 0 ? (max(0, squaredError) / squaredSize).squareRoot() : .nan
            try add(.hiddenRelativeError, error, errorSums) { max(0, $0).squareRoot() }
        }
        try add(.pooledCosineMean, pooledCosines.mean, pooledSums)
        let pairs = PairSampling.pairs(of: pooledSource.count)
        // An order needs at least three pairs to say anything.
        if pairs.count > 2 {
            let before = try Self.cosines(of: pooledSource, pairs, resources)
            let after = try Self.cosines(of: pooledConverted, pairs, resources)
            let influence = SpearmanInfluence(before, after)
            result.append(
                Measurement(
                    .pairsSpearman, influence?.coefficient ?? .nan,
                    interval: influence?.interval(ofPairs: pairs, texts: pooledSource.count)))
        }
        try add(.logitsKLMean, divergences.mean, divergenceSums)
        try add(.top1Agreement, agreements.mean, agreementSums)
        result += outputs.measurements
        try add(.mapsTVMean, mapDistances.mean, distanceSums)
        return result
    }
}
