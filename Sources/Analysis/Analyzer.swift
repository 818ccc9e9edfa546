import ModelGraph
import Platform
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
        case similarity, local, endToEnd, ranks, neurons
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
        do throws(FileError) {
            return try PartMerging([.init(name: "analysis", part: part)]).document()
        } catch { throw .file(error) }
    }

    /// Measures the pieces of one shard of an analysis.
    ///
    /// - Parameters:
    ///   - maps: The sums of maps of this very analysis, where they were computed before, with the name of their file.
    ///   - folder: Where pieces are kept as soon as they are measured; those that an earlier run has left there are
    ///     not measured again.
    ///   - progress: Called with the stage and how much of it is done.
    /// - Throws: As `analyze` does; `AnalysisError.file` where pieces cannot be kept.
    package func measure(
        _ shard: Shard, of model: Model, calibration: CalibrationSet, after maps: PartMerging.Named? = nil,
        in folder: KeptFolder? = nil, progress: (Stage, Int, Int) -> Void = { _, _, _ in }
    ) throws(AnalysisError) -> AnalysisPart {
        let (pairs, origin) = try prepare(model, calibration)
        let kept: KeptParts
        let sums: MapSums?
        do throws(FileError) {
            kept = try folder?.parts(of: origin) ?? .none
            sums = try maps?.checkedMaps(of: origin)
        } catch { throw .file(error) }
        let own = AnalysisCosts(model.graph, calibration: calibration).deal(origin.units, to: shard.count)
        var measuring = PartMeasuring(
            analyzer: self, model: model, calibration: calibration, pairs: pairs, units: own[shard.index - 1],
            part: AnalysisPart(shard, of: origin), sums: sums, kept: kept)
        try measuring.run(progress)
        measuring.part.putInOrder()
        return measuring.part
    }

    /// Compares all maps on one share of the texts: the first half of an analysis of very many texts.
    ///
    /// - Throws: As `analyze` does.
    package func compareMaps(
        on shard: Shard, of model: Model, calibration: CalibrationSet,
        progress: (Stage, Int, Int) -> Void = { _, _, _ in }
    ) throws(AnalysisError) -> AnalysisPart {
        let (pairs, origin) = try prepare(model, calibration)
        progress(.similarity, 0, 1)
        let comparison = try MapComparison(
            model, pairs: pairs, nodes: Set(pairs.nodes), sequences: calibration.fit, separators: options.separators,
            rowStep: origin.calibration.rowStep, resources: options.resources)
        let count = comparison.leafCount
        func cut(_ index: Int) -> Int { Int((Double(count) * Double(index) / Double(shard.count)).rounded()) }
        var tree = TextTree<MapSums>(count: count)
        let leaves = cut(shard.index - 1)..<cut(shard.index)
        try comparison.fill(&tree, leaves: leaves) { (sums) throws(AnalysisError) in
            progress(.similarity, max(0, sums.end - leaves.lowerBound), leaves.count)
        }
        var part = AnalysisPart(shard, of: origin)
        part.stage = .maps
        part.maps = AnalysisPart.maps(of: tree, nodes: pairs.nodes)
        return part
    }

    private func prepare(
        _ model: Model, _ calibration: CalibrationSet
    ) throws(AnalysisError) -> (pairs: MapPairs, origin: AnalysisPart.Origin) {
        try LinearAlgebra.prepare()
        try model.requireAllTokens()
        let pairs = MapPairs(model.graph)
        guard !pairs.heads.isEmpty else {
            throw .mismatch("the model computes no attention maps: there is nothing to reuse")
        }
        return (pairs, try origin(of: model, pairs, calibration))
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
