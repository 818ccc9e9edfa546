import Analysis
import Foundation
import ModelGraph
import Rewriting

/// Finds out which attention maps, and which neurons, a model could do without.
///
///     let analysis = try await ModelAnalyzer(model).analyze(calibration: texts).output
///     let plan = try analysis.plan(for: .maps(1 / 3))
///
/// Compares the maps of all heads on texts like those that the model will meet, and measures what the output suffers
/// when the cheapest heads of each layer take their maps from elsewhere, and when neurons are left out. The result is
/// enough for plans of any budget.
public struct ModelAnalyzer: Sendable {
    /// The model.
    public let model: TransformerModel
    /// What plans will be allowed to do.
    public let moves: ReuseMoves
    /// How embeddings are made, where the model's files do not say it: damage is measured in them then.
    public let pooling: TextEmbedder.Pooling?
    private let resources: ComputeResources

    /// An analyzer of a model.
    ///
    /// - Parameters:
    ///   - model: The model to analyse.
    ///   - moves: What plans will be allowed to do.
    ///   - pooling: How embeddings are made, of a model that is used for embeddings and whose files do not say it;
    ///     `nil`: as they say.
    ///   - resources: The threads to compute on; the result does not depend on them.
    public init(
        _ model: TransformerModel, moves: ReuseMoves = .analyzed, pooling: TextEmbedder.Pooling? = nil,
        resources: ComputeResources = .shared
    ) {
        self.pooling = pooling
        self.model = model
        self.moves = moves
        self.resources = resources
    }

    /// Analyses the model: about nine passes of it over the data.
    ///
    /// - Parameters:
    ///   - calibration: Data like those that the model will meet.
    ///   - folder: Where pieces of the analysis are kept as soon as they are measured; another analysis of the same
    ///     model, data and settings goes on from there.
    /// - Returns: The work, to be iterated or awaited. It throws `.usage` for data that the model does not read,
    ///   for too few of them, for a model that computes no attention maps, and where another analysis is kept in the
    ///   folder.
    public func analyze(calibration: CalibrationData, keepingIn folder: URL? = nil) -> WorkSteps<ModelAnalysis> {
        WorkSteps { (work) throws(TransformerError) in
            let data = try read(calibration, work)
            return try analysis(data.set, data.reader, work, folder: folder?.path)
        }
    }

    /// Analyses the model on texts.
    public func analyze(calibration texts: [String]) -> WorkSteps<ModelAnalysis> {
        analyze(calibration: .texts(texts))
    }

    /// Computes one shard of the analysis; `ModelAnalysis(merging:)` makes one of all shards.
    ///
    /// - Parameters:
    ///   - calibration: The data of the whole analysis.
    ///   - shard: Which share is computed.
    ///   - maps: What `AnalysisPart(mergingMaps:)` made of all shards of `compareMaps`; without it each shard compares
    ///     the maps of its own layers on all texts.
    ///   - folder: Where pieces are kept as soon as they are measured.
    /// - Returns: The work. It throws as `analyze(calibration:keepingIn:)` does.
    public func analyze(
        calibration: CalibrationData, shard: AnalysisShard, after maps: AnalysisPart? = nil,
        keepingIn folder: URL? = nil
    ) -> WorkSteps<AnalysisPart> {
        WorkSteps { (work) throws(TransformerError) in
            let data = try read(calibration, work)
            return try TransformerError.mapping {
                AnalysisPart(
                    try analyzer(data.reader, work).measure(
                        shard.shard, of: model.model, calibration: data.set, after: maps?.named,
                        in: folder.map { try KeptFolder($0.path) }
                    ) { work.advance(.init($0), to: $1, of: $2) })
            }
        }
    }

    /// Compares all maps on one share of the texts: worth a stage of its own where the texts are very many.
    ///
    /// - Returns: The work. It throws as `analyze(calibration:keepingIn:)` does.
    public func compareMaps(calibration: CalibrationData, shard: AnalysisShard) -> WorkSteps<AnalysisPart> {
        WorkSteps { (work) throws(TransformerError) in
            let data = try read(calibration, work)
            return try TransformerError.mapping {
                AnalysisPart(
                    try analyzer(data.reader, work).compareMaps(
                        on: shard.shard, of: model.model, calibration: data.set
                    ) { work.advance(.init($0), to: $1, of: $2) })
            }
        }
    }

    package func read(
        _ calibration: CalibrationData, _ work: Work
    ) throws(TransformerError) -> (set: CalibrationSet, reader: DataReader) {
        _ = try model.pooled(by: pooling)
        try model.checkWeights(work)
        let data = try calibration.read(for: model, resources, work, readsJudging: false)
        for warning in data.set.fittingWarnings(of: model.model.graph, heals: true) { work.warning(warning) }
        return data
    }

    package func analyzer(_ reader: DataReader, _ work: Work) -> Analyzer {
        Analyzer(
            options: .init(
                resources: resources.execution(work.cancellation), separators: reader.separators, moves: moves.moves,
                pooling: pooling.map(ModelGraph.Pooling.init), toolVersion: Version.text))
    }

    func analysis(
        _ calibration: CalibrationSet, _ reader: DataReader, _ work: Work, folder: String? = nil
    ) throws(TransformerError) -> ModelAnalysis {
        try TransformerError.mapping {
            let document = try analyzer(reader, work).analyze(
                model.model, calibration: calibration, in: folder.map { try KeptFolder($0) }
            ) { work.advance(.init($0), to: $1, of: $2) }
            return try ModelAnalysis(asRead: document)
        }
    }
}

extension WorkProgress.Stage {
    fileprivate init(_ stage: Analyzer.Stage) {
        switch stage {
        case .similarity: self = .comparingMaps
        case .local: self = .findingReplacements
        case .endToEnd: self = .measuringDamage
        case .neurons: self = .measuringNeurons
        case .ranks: self = .measuringRanks
        }
    }
}
