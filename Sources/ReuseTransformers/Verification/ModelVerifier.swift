import Costs
import Inputs
import ModelGraph
import Reporting
import Verification

/// Compares a converted model with its source and judges it by gates.
///
///     let verifier = ModelVerifier(source: model, converted: converted)
///     let comparison = try await verifier.verify(
///         on: VerificationData(texts: texts), gates: [.below(0.97, .hiddenCosineMean)]
///     ).output
///     if !comparison.passed { print(comparison.failures) }
public struct ModelVerifier: Sendable {
    /// The model that the other was made of.
    public let source: TransformerModel
    /// The model that is judged.
    public let converted: TransformerModel
    /// How embeddings are made that are compared, where the models' files do not say it.
    public let pooling: TextEmbedder.Pooling?
    private let resources: ComputeResources

    /// A verifier of two models.
    ///
    /// - Parameters:
    ///   - source: The model that the other was made of.
    ///   - converted: The model that is judged.
    ///   - pooling: How embeddings are made that are compared; `nil`: as the models' files say, else by their mean.
    ///   - resources: The threads to compute on; only `speedup` depends on them.
    public init(
        source: TransformerModel, converted: TransformerModel, pooling: TextEmbedder.Pooling? = nil,
        resources: ComputeResources = .shared
    ) {
        self.pooling = pooling
        self.source = source
        self.converted = converted
        self.resources = resources
    }

    /// Runs both models on data and measures.
    ///
    /// - Parameters:
    ///   - data: Texts, labels and pairs, as far as there are.
    ///   - gates: Conditions under which the model is not good enough.
    ///   - timing: Whether both models are timed, which takes some seconds and adds the metric `speedup`.
    /// - Returns: The work, to be iterated or awaited. It throws `.usage` for data or models that do not fit each
    ///   other, and for gates on metrics that were not measured. That a gate failed is no error:
    ///   `ModelComparison.passed`.
    public func verify(
        on data: VerificationData, gates: [QualityGate] = [], timing: Bool = false
    ) -> WorkSteps<ModelComparison> {
        WorkSteps { (work) throws(TransformerError) in
            try checkOrder()
            try check(gates, data, timing: timing)
            for model in [source, converted] { try model.checkWeights(work) }
            var findings = try measure(data, work)
            if timing {
                let start = ContinuousClock.now
                findings.timings = try time(work)
                findings.times.add(.speed, since: start)
                findings.metrics += findings.timings.suffix(1).map { Measurement(.speedup, $0.speedup) }
            }
            return try comparison(findings, gates: gates, work)
                .described(source: source, converted: converted, data: data.paths)
        }
    }

    /// Refuses models that were given the wrong way round: every saving would be a loss, and every gate on it pass.
    private func checkOrder() throws(TransformerError) {
        let before = source.model.graph.cost(tokens: 1).maps, after = converted.model.graph.cost(tokens: 1).maps
        guard after <= before else {
            throw TransformerError(
                .usage,
                "\(source.name) computes \(before) maps and \(converted.name) \(after): give the source first, then "
                    + "the converted model")
        }
    }

    /// What was measured, and on what.
    struct Findings: Sendable {
        var metrics: [Measurement] = []
        var data = VerificationReport.Data([])
        var exactness: Exactness?
        var warnings: [String] = []
        var timings: [Benchmark.Result] = []
        var exits: ExitStudy?
        var times = StudyTimes()
    }

    /// Multiply-adds of a run that is timed, at most: fewer texts than 32 go through models of which one text is a lot.
    private static let timedMultiplyAdds = 1_000_000_000_000

    /// Speeds of both models at 32 texts of 128 tokens, or of as many as the model takes; or at 32 pictures.
    ///
    /// - Parameter budget: One on speed is about the texts that are timed then.
    package func time(
        _ work: Work = Work(), for budget: ConversionBudget? = nil
    ) throws(TransformerError) -> [Benchmark.Result] {
        work.begin(.timing)
        let most = source.model.traits.maximumTokens ?? .max
        var tokens = min(source.model.graph.usualTokens, most)
        var batch = max(
            1, min(32, Self.timedMultiplyAdds / max(1, source.model.graph.cost(tokens: tokens).multiplyAdds)))
        if case .speed(_, let sequences, let length)? = try budget?.parsed().goal {
            (batch, tokens) = (sequences, min(length, most))
        }
        let (texts, length) = (batch, tokens)
        return try TransformerError.mapping {
            try Benchmark([(source.name, source.model), (converted.name, converted.model)])
                .measure(.shape(batch: texts, tokens: length), with: resources.execution(work.cancellation))
        }
    }

    private func measure(_ data: VerificationData, _ work: Work) throws(TransformerError) -> Findings {
        let reader = try DataReader(
            for: source, limit: data.maximumTokens, pairing: .byTab, columns: data.columns, resources: resources,
            cancellation: work.cancellation)
        work.truncation.watch(reader)
        var findings = Findings()
        if let items = data.items {
            let sequences: [ModelInput]
            var labels: TaskLabels?
            if let source = data.labelSource { labels = try right(source, of: data) }
            switch items {
            case .texts(let texts): sequences = try reader.sequences(ofTexts: texts)
            case .path(let path):
                if reader.inputs.kind == .text { try checkColumns(of: path) }
                sequences = try reader.sequences(of: path)
            case .labelled(let path) where TaskLabels.areArrays(path, for: source):
                let labelled = try TaskLabels.arrays(of: path, for: source)
                sequences = labelled.items
                labels = .numbers(labelled.labels)
            case .labelled(let path):
                let labelled = try TaskLabels.texts(of: path, data.columns, for: source)
                sequences = try reader.sequences(ofTexts: labelled.texts)
                labels = labelled.labels
            }
            findings = try fidelity(on: sequences, masking: reader.masking, work)
            findings.warnings = JudgingWarnings.of(judging: findings.data.texts, remedy: "give --data more of them")
            for warning in findings.warnings { work.warning(warning) }
            if let labels {
                let start = ContinuousClock.now
                findings.metrics += try TransformerError.mapping { () throws -> [Measurement] in
                    try labels.measure(try task(work), on: sequences)
                }
                findings.times.add(.labels, since: start)
            }
        }
        if let pairs = data.pairs {
            work.begin(.scoringPairs)
            let start = ContinuousClock.now
            let rows: [ScoredTexts]
            switch pairs {
            case .texts(let texts): rows = texts
            case .path(let path): rows = try ScoredTexts.read(path, data.columns)
            }
            let scored = try reader.scored(rows)
            findings.metrics.append(try TransformerError.mapping { try task(work).spearman(of: scored) })
            findings.times.add(.pairs, since: start)
        }
        return findings
    }

    /// Refuses labelled texts in the place of texts: each label would be read as the first text of a pair.
    private func checkColumns(of path: String) throws(TransformerError) {
        let names = Set(source.labels)
        guard !names.isEmpty, path != TextBytes.standardInput, !PathKind.isSpecial(path) else { return }
        let first = try TransformerError.mapping {
            var lines = try TextLines(path: path)
            return try lines.next()?.split(separator: "\t", maxSplits: 1)
        }
        guard let first, first.count == 2, names.contains(String(first[0])) else { return }
        throw TransformerError(
            .usage, path: path, "begins its lines with the model's classes: give it with --labelled, not --data")
    }

    /// Fidelity, and exactness where no head was replaced.
    func fidelity(
        on sequences: [ModelInput], masking: Masking?, _ work: Work
    ) throws(TransformerError) -> Findings {
        work.begin(.comparingModels)
        let resources = resources.execution(work.cancellation)
        return try TransformerError.mapping {
            let study = try FidelityStudy(
                source: source.pooled(by: pooling), converted: converted.pooled(by: pooling),
                options: .init(resources: resources, masking: masking))
            var findings = Findings()
            var start = ContinuousClock.now
            findings.data = .init(sequences)
            findings.metrics = try study.measure(sequences) {
                work.advance(.comparingModels, to: $0, of: sequences.count)
            }
            findings.exits = study.exits
            findings.times.add(.fidelity, since: start)
            if source.model.graph == converted.model.graph {
                start = .now
                findings.exactness = try Exactness.check(
                    source.model, against: converted.model, promise: .unchanged, on: sequences, resources: resources)
                findings.times.add(.exactness, since: start)
            }
            return findings
        }
    }

    /// The verdict on what was measured.
    func comparison(
        _ findings: Findings, gates: [QualityGate] = [], _ work: Work
    ) throws(TransformerError) -> ModelComparison {
        let report = try TransformerError.mapping {
            try VerificationReport(
                source: .init(name: source.name, provenance: source.model.provenance),
                converted: .init(name: converted.name, provenance: converted.model.provenance), data: findings.data,
                savings: Savings(source: source.model.graph, converted: converted.model.graph),
                metrics: findings.metrics,
                cache: try CacheStudy(
                    source: source.model, converted: converted.model,
                    resources: resources.execution(work.cancellation)),
                exits: findings.exits, exactness: findings.exactness, gates: gates.map(\.gate),
                warnings: findings.warnings)
        }
        return ModelComparison(report: report, timings: findings.timings, times: findings.times)
    }

    /// What is right for the items.
    private func right(
        _ labels: VerificationData.Labels, of data: VerificationData
    ) throws(TransformerError) -> TaskLabels {
        switch labels {
        case .names(let labels): return try TaskLabels(labels, for: source)
        case .path(let path): return try TaskLabels(of: path, data.columns, for: source)
        case .column:
            guard case .path(let path) = data.items else { return .classes([]) }
            return try TaskLabels(of: path, data.columns, for: source)
        }
    }

    private func task(_ work: Work) throws -> TaskStudy {
        try TaskStudy(
            source: source.pooled(by: pooling), converted: converted.pooled(by: pooling),
            resources: resources.execution(work.cancellation))
    }
}
