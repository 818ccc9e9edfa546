import ModelGraph
import Rewriting
import Runtime

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
        /// Version of the program, which parts carry.
        package var toolVersion: String

        package init(
            resources: ExecutionResources = ExecutionResources(threads: 1), separators: Set<Int32> = [],
            moves: Moves = .standard, pooling: Pooling? = nil, toolVersion: String = ""
        ) {
            self.toolVersion = toolVersion
            self.pooling = pooling
            self.resources = resources
            self.separators = separators
            self.moves = moves
        }
    }

    /// Stages, in order.
    package enum Stage: String, Sendable, CaseIterable {
        case similarity, local, endToEnd, neurons
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
        _ model: Model, calibration: CalibrationSet, in folder: KeptFolder? = nil,
        progress: (Stage, Int, Int) -> Void = { _, _, _ in }
    ) throws(AnalysisError) -> AnalysisDocument {
        let part = try measure(.whole, of: model, calibration: calibration, in: folder, progress: progress)
        do { return try PartMerging([.init(name: "analysis", part: part)]).document() } catch { throw .file(error) }
    }

    /// Measures the pieces of one shard of an analysis.
    ///
    /// - Parameters:
    ///   - folder: Where pieces are kept as soon as they are measured; those that an earlier run has left there are
    ///     not measured again.
    ///   - progress: Called with the stage and how much of it is done.
    /// - Throws: As `analyze` does; `AnalysisError.file` where pieces cannot be kept.
    package func measure(
        _ shard: Shard, of model: Model, calibration: CalibrationSet, in folder: KeptFolder? = nil,
        progress: (Stage, Int, Int) -> Void = { _, _, _ in }
    ) throws(AnalysisError) -> AnalysisPart {
        try LinearAlgebra.prepare()
        let pairs = MapPairs(model.graph)
        guard !pairs.heads.isEmpty else {
            throw .mismatch("the model computes no attention maps: there is nothing to reuse")
        }
        let origin = try origin(of: model, pairs, calibration)
        let kept: KeptParts
        do { kept = try folder?.parts(of: origin) ?? .none } catch { throw .file(error) }
        let own = AnalysisCosts(model.graph, calibration: calibration).deal(origin.units, to: shard.count)
        var measuring = PartMeasuring(
            analyzer: self, model: model, calibration: calibration, pairs: pairs, units: own[shard.index - 1],
            part: AnalysisPart(shard, of: origin), kept: kept)
        try measuring.run(progress)
        return measuring.part
    }

    /// What parts of the analysis of a model have in common.
    private func origin(
        of model: Model, _ pairs: MapPairs, _ calibration: CalibrationSet
    ) throws(AnalysisError) -> AnalysisPart.Origin {
        let step = try SimilarityPass.rowStep(
            model, pairs: pairs, sequences: calibration.fit, resources: options.resources)
        return AnalysisPart.Origin(
            tool: options.toolVersion, model: model.weightsDigest.hex, graph: model.graph,
            moves: options.moves.rawValue,
            calibration: .init(
                texts: calibration.seenCount, heldOutTexts: calibration.choosing.count,
                judgingTexts: calibration.isJudgingGiven ? 0 : calibration.judging.count,
                tokens: calibration.tokenCount, digest: calibration.digest.hex, rowStep: step,
                pooling: options.pooling),
            texts: calibration.fit.count, separators: options.separators.sorted(),
            units: AnalysisUnit.units(of: model, moves: options.moves))
    }
}
