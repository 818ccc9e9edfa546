import Analysis
import ModelGraph
import Rewriting
import Statistics
import Verification

extension ModelConverter {
    /// Refuses what can be known to fail before any data are read.
    ///
    /// - Throws: `.usage` for embeddings that the model does not make, an analysis of another model or of other
    ///   embeddings, and a demand on a metric that cannot be measured on this model.
    func check(_ source: PlanSource) throws(TransformerError) {
        _ = try model.pooled(by: options.pooling)
        try checkGates(hasTexts: true)
        guard case .budget(let wanted, let analysis) = source else { return }
        if case .quality(let condition) = try wanted.parsed().goal { try check(condition) }
        guard let analysis else { return }
        try analysis.requireOrigin(in: model)
        let own = options.pooling.map { ModelGraph.Pooling($0) }, other = analysis.document.calibration.pooling
        guard own == other else {
            throw TransformerError(
                .usage,
                "the analysis was made \(Self.words(other)), the conversion is \(Self.words(own)): "
                    + "give the same --pool")
        }
    }

    /// Refuses to make together what only one process can make.
    func checkRounds(_ source: PlanSource) throws(TransformerError) {
        guard options.rounds != nil else { return }
        if options.healing == .none { throw TransformerError(.usage, "without healing there are no rounds") }
        if case .budget(_, nil) = source {
            throw TransformerError(
                .usage,
                "workers convert together along a plan, or a budget with the analysis that it is planned by: "
                    + "analyse first, in shards (analyze --shard)")
        }
    }

    private static func words(_ pooling: ModelGraph.Pooling?) -> String {
        pooling.map { "with --pool \($0.rawValue)" } ?? "without --pool"
    }

    /// Refuses gates on what a conversion cannot measure on this model.
    func checkGates(hasTexts: Bool) throws(TransformerError) {
        for gate in options.gates {
            let hidesTokens = try model.hidesTokens(for: gate.gate.metric)
            try TransformerError.mapping {
                try MeasurableMetrics(model.model.graph, .init(texts: hasTexts, masking: hidesTokens))
                    .check(gate.gate.metric)
            }
        }
    }

    private func check(_ condition: MetricCondition) throws(TransformerError) {
        switch condition.metric {
        case .accuracy, .spearman, .meanAbsoluteError, .r2, .speedup:
            throw TransformerError(
                .usage,
                "\(condition.metric.rawValue) is nothing that a budget can be about: no labels and no clock are at "
                    + "hand; convert by another one, and judge by `verify --fail-on`")
        default: break
        }
        let hidesTokens = try model.hidesTokens(for: condition.metric)
        try TransformerError.mapping {
            try MeasurableMetrics(model.model.graph, .init(masking: hidesTokens)).check(condition.metric)
        }
    }

    /// Refuses what healing would refuse after the work: to split what layers share.
    func checkSharing(_ source: PlanSource, _ converter: Converter) throws(TransformerError) {
        let refusal: AnalysisError?
        switch source {
        case .plan(let plan): refusal = converter.refusal(of: model.model, along: plan.plan)
        case .budget(let wanted, _):
            let budget = try wanted.parsed()
            let moves = options.moves ?? .standard(for: budget)
            // These leave the projections of attention as they are.
            guard !moves.isSubset(of: [.neurons, .tokens]) else { return }
            refusal = converter.refusal(of: model.model, keeping: try options.layers.keptNodes(of: model.model.graph))
        }
        if let refusal { throw TransformerError(refusal) }
    }

    /// What makes the result less sure than it looks, said as soon as the data are read.
    func warnings(
        on data: CalibrationSet, of reader: DataReader, _ source: PlanSource, _ work: Work
    ) throws(TransformerError) -> [String] {
        var warnings = reader.unknownWarning(about: data.fit).map { [$0] } ?? []
        warnings += data.fittingWarnings(of: model.model.graph, heals: options.healing == .closedForm)
        warnings += data.judgingWarnings
        if case .budget(_, let analysis?) = source { warnings += data.warnings(about: analysis.document) }
        for warning in warnings { work.warning(warning) }
        return warnings
    }
}

extension ModelVerifier {
    /// Refuses gates on what cannot be measured, before anything is read or run.
    func check(_ gates: [QualityGate], _ data: VerificationData, timing: Bool) throws(TransformerError) {
        _ = try source.pooled(by: pooling)
        for gate in gates {
            let hidesTokens = try source.hidesTokens(for: gate.gate.metric)
            try TransformerError.mapping {
                try MeasurableMetrics(
                    source.model.graph,
                    .init(
                        texts: data.items != nil, masking: hidesTokens, labels: data.hasLabels,
                        pairs: data.pairs != nil, timing: timing)
                ).check(gate.gate.metric)
            }
        }
    }
}

extension TransformerModel {
    /// Whether tokens can be hidden from the model, where a metric needs it: only that asks for the tokenizer.
    fileprivate func hidesTokens(for metric: Metric) throws(TransformerError) -> Bool {
        guard metric == .perplexityRatio, model.graph.use == .maskedLanguageModel else { return false }
        return try DataReader(for: self).masking != nil
    }
}
