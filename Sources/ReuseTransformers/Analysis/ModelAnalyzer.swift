import Analysis
import JSON
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
    /// - Returns: The work, to be iterated or awaited. It throws `.usage` for data that the model does not read,
    ///   for too few of them, and for a model that computes no attention maps.
    public func analyze(calibration: CalibrationData) -> WorkSteps<ModelAnalysis> {
        WorkSteps { (work) throws(TransformerError) in
            _ = try model.pooled(by: pooling)
            try model.checkWeights(work)
            let data = try calibration.read(for: model, resources, work, readsJudging: false)
            for warning in data.set.fittingWarnings(of: model.model.graph, heals: true) { work.warning(warning) }
            return try analysis(data.set, data.reader, work)
        }
    }

    /// Analyses the model on texts.
    public func analyze(calibration texts: [String]) -> WorkSteps<ModelAnalysis> {
        analyze(calibration: .texts(texts))
    }

    func analysis(
        _ calibration: CalibrationSet, _ reader: DataReader, _ work: Work
    ) throws(TransformerError) -> ModelAnalysis {
        let analyzer = Analyzer(
            options: .init(
                resources: resources.execution(work.cancellation), separators: reader.separators,
                moves: moves.moves, pooling: pooling.map(ModelGraph.Pooling.init)))
        let document = try TransformerError.mapping {
            try analyzer.analyze(model.model, calibration: calibration) { stage, completed, total in
                work.advance(.init(stage), to: completed, of: total)
            }
        }
        // As it is read back from its file, where numbers are rounded: a conversion right after the analysis and one
        // from the file are the same to the bit.
        return ModelAnalysis(
            try TransformerError.mapping {
                try Document.decode(AnalysisDocument.self, from: try Document.encode(document))
            })
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
