import Analysis
import BackgroundWork
import Foundation
import JSON
import ModelGraph

/// What an analysis found out about a model: enough to make plans for any budget without the model.
///
/// A document of JSON: `write(to:)` and `init(contentsOf:)` keep it, so that a model is analysed once.
public struct ModelAnalysis: Sendable, Hashable {
    /// One attention head.
    public struct Head: Sendable, Hashable, CustomStringConvertible {
        /// Name of the attention layer.
        public let layer: String
        /// Index of the head in its layer.
        public let index: Int

        /// A head of a layer.
        public init(layer: String, index: Int) {
            self.layer = layer
            self.index = index
        }

        /// Layer and index, `layer_3/attention.7`.
        public var description: String { "\(layer).\(index)" }
    }

    package let document: AnalysisDocument

    package init(_ document: AnalysisDocument) { self.document = document }

    /// Reads an analysis that `write(to:)` or `reuseformer analyze` wrote.
    ///
    /// - Throws: `.usage` for a file that is no analysis, `.inputOutput` for one that is not there.
    public init(contentsOf file: URL) async throws(TransformerError) {
        self = try await WorkQueue.unlimited.run { (_) throws(TransformerError) in
            try ModelAnalysis(contentsOf: file.path)
        }
    }

    /// Reads an analysis on this thread.
    package init(contentsOf path: String) throws(TransformerError) {
        document = try InputFile.document(AnalysisDocument.self, at: path, named: "an analysis")
    }

    /// Writes the analysis as JSON; the file appears complete or not at all.
    public func write(to file: URL) async throws(TransformerError) {
        try await WorkQueue.unlimited.run { (_) throws(TransformerError) in
            try OutputFile.write(document: document, to: file.path)
        }
    }

    /// The heads that compute a map, in execution order.
    public var heads: [Head] { document.heads.map { Head(layer: $0.id.node, index: $0.id.head) } }

    /// Texts and tokens that were looked at.
    public var calibration: (texts: Int, tokens: Int) { (document.calibration.texts, document.calibration.tokens) }

    /// Correlation between the similarities of two halves of the texts, −1…1; near 1 there were enough of them. `nil`
    /// when it cannot be told.
    public var stability: Double? { document.stability }

    /// How alike the maps of two heads are, 0…1: one minus half the mean distance of their rows. `nil` when one of the
    /// heads is unknown, or both are the same.
    public func similarity(of first: Head, to second: Head) -> Double? {
        document.similarity(
            of: HeadID(node: first.layer, head: first.index), to: HeadID(node: second.layer, head: second.index))
    }

    /// A plan that saves as much as a budget asks for. A plan for a larger budget contains one for a smaller.
    ///
    /// - Parameters:
    ///   - budget: How much to save.
    ///   - moves: What the plan may do; `nil`: of a budget of maps, replace maps; of arithmetic or bytes, neurons
    ///     and ranks too.
    ///   - granularity: What is replaced at a time; for a budget without a word in front, of a model whose layers share
    ///     their weights, whole layers, since replacing single heads would make it larger.
    ///   - layers: The layers whose maps may be replaced.
    /// - Throws: `.usage` when even giving up all that may be is not enough, for layers that the model does not have,
    ///   and for a budget on quality, which only `ModelConverter.plan` can hold.
    public func plan(
        for budget: ConversionBudget, moves: ReuseMoves? = nil, granularity: ReuseGranularity = .head,
        layers: LayerSelection = .all
    ) throws(TransformerError) -> ConversionPlan {
        let budget = try budget.parsed()
        let planner = try planner(moves, granularity, layers, budget: budget)
        return ConversionPlan(try TransformerError.mapping { try planner.plan(budget) })
    }

    /// The order in which things are given up.
    ///
    /// - Parameter budget: What savings are counted in, and where `moves` is `nil` what may be done.
    package func planner(
        _ moves: ReuseMoves?, _ granularity: ReuseGranularity, _ layers: LayerSelection = .all,
        budget: Budget? = nil, graph: CheckedGraph? = nil
    ) throws(TransformerError) -> Planner {
        let graph = graph ?? document.graph
        let kept = try layers.keptNodes(of: graph)
        // Earlier releases measured no neurons and no ranks; plans of maps they serve as well as ever.
        var standard = ReuseMoves.standard(for: budget)
        if document.neurons == nil { standard.remove(.neurons) }
        if document.ranks == nil { standard.remove(.ranks) }
        if document.linear == nil { standard.remove(.linear) }
        let allowed = moves ?? standard
        let unit = budget?.replacesWholeLayers(of: graph) == true ? .layer : granularity
        return try TransformerError.mapping {
            try Planner(
                document, graph: graph, moves: allowed.moves, granularity: unit.granularity, keeping: kept,
                currency: budget?.goal)
        }
    }

    /// - Throws: `.usage` when the analysis was made of another model.
    package func requireOrigin(in model: TransformerModel) throws(TransformerError) {
        if model.model.weightsDigest.hex != document.model {
            throw TransformerError(
                .usage, path: model.path, "is not the model that was analysed; analyse this one")
        }
    }
}

/// What is replaced at a time.
public enum ReuseGranularity: String, Sendable, Hashable, CaseIterable {
    /// One head.
    case head
    /// All heads of a layer.
    case layer

    package var granularity: Planner.Granularity { self == .head ? .head : .layer }
}
