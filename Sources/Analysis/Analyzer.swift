import ModelGraph
import Plans
import Rewriting
import Runtime
import Statistics
import Tensors

/// Finds out which attention maps, and which neurons, a model could do without.
///
/// One pass for similarities, one for local damage on a sample, and for each layer a few trials that measure the damage
/// at the model's output; of neurons likewise (`NeuronPass`).
package struct Analyzer: Sendable {
    /// How to analyse.
    package struct Options: Sendable {
        /// Threads, kernels and cancellation; results do not depend on them.
        package var resources: ExecutionResources
        /// Token ids that separate texts, for the heads' profiles.
        package var separators: Set<Int32>
        /// Moves that plans will be allowed to make.
        package var moves: Moves
        /// How embeddings are made, where the model's files do not say it: damage is measured in them then.
        package var pooling: Pooling?

        package init(
            resources: ExecutionResources = ExecutionResources(threads: 1), separators: Set<Int32> = [],
            moves: Moves = .standard, pooling: Pooling? = nil
        ) {
            self.pooling = pooling
            self.resources = resources
            self.separators = separators
            self.moves = moves
        }
    }

    /// Stages, in order.
    package enum Stage: String, Sendable, CaseIterable {
        case similarity, local, endToEnd, neurons, ranks
    }

    /// How to analyse.
    package let options: Options

    package init(options: Options = Options()) { self.options = options }

    /// Analyses a model.
    ///
    /// - Parameter progress: Called with the stage and how much of it is done.
    /// - Throws: When the model cannot be run or has no heads to compare; `AnalysisError.cancelled`.
    /// - Complexity: About nine passes of the model over the calibration texts.
    package func analyze(
        _ model: Model, calibration: CalibrationSet, progress: (Stage, Int, Int) -> Void = { _, _, _ in }
    ) throws(AnalysisError) -> AnalysisDocument {
        try LinearAlgebra.prepare()
        try model.requireAllTokens()
        let pairs = MapPairs(model.graph)
        guard !pairs.heads.isEmpty else {
            throw .mismatch("the model computes no attention maps: there is nothing to reuse")
        }
        progress(.similarity, 0, 1)
        let similarity = try SimilarityPass(
            model, pairs: pairs, sequences: calibration.fit, separators: options.separators,
            resources: options.resources)
        progress(.local, 0, 1)
        let candidates = try CandidatePass(
            model, pairs: pairs, similarity: similarity.similarity,
            sequences: calibration.sample(tokens: CandidatePass.sampleTokens), pooling: options.pooling,
            resources: options.resources)
        let probe = try OutputProbe(
            source: model, sequences: calibration.choosing, pooling: options.pooling, resources: options.resources)
        let curves = try CurvePass(
            model, candidates: candidates.heads, calibration: calibration, probe: probe, moves: options.moves,
            pooling: options.pooling, resources: options.resources
        ) { progress(.endToEnd, $0, $1) }
        var hard: [DamageCurve]?
        if options.moves.contains(.hard) {
            hard = try HardPass(
                model, calibration: calibration, probe: probe, pooling: options.pooling, resources: options.resources
            ).curves
        }
        var neurons: [NeuronCurve]?
        if options.moves.contains(.neurons) {
            neurons = try NeuronPass(
                model, calibration: calibration, probe: probe, pooling: options.pooling, resources: options.resources
            ) { progress(.neurons, $0, $1) }.curves
        }
        var triangle = pairs.heads.indices.map { [Double](repeating: 0, count: $0) }
        for (index, pair) in pairs.pairs.enumerated() {
            triangle[pair.later][pair.earlier] = similarity.similarity[index].rounded(5)
        }
        var linear: [LinearDamage]?
        if options.moves.contains(.linear) {
            linear = try LinearPass(
                model, calibration: calibration, probe: probe, pooling: options.pooling, resources: options.resources
            ).damages
        }
        var ranks: [RankCurve]?
        if options.moves.contains(.ranks) {
            ranks = try RankPass(
                model, calibration: calibration, probe: probe, pooling: options.pooling, resources: options.resources
            ) { progress(.ranks, $0, $1) }.curves
        }
        var tokens: TokenCurve?
        if options.moves.contains(.tokens), model.graph.problemOfMerging == nil {
            tokens = try TokenPass(model, probe: probe, resources: options.resources).curve
        }
        return AnalysisDocument(
            version: AnalysisDocument.currentVersion, model: model.weightsDigest.hex, use: model.graph.use,
            graph: model.graph,
            calibration: .init(
                texts: calibration.seenCount, heldOutTexts: calibration.choosing.count,
                judgingTexts: calibration.isJudgingGiven ? 0 : calibration.judging.count,
                tokens: calibration.tokenCount, digest: calibration.digest.hex, rowStep: similarity.rowStep,
                pooling: options.pooling),
            heads: similarity.profiles, similarity: triangle, stability: similarity.stability?.rounded(6),
            candidates: candidates.heads, curves: curves.curves, neurons: neurons,
            linear: linear, ranks: ranks, hard: hard, tokens: tokens)
    }
}
