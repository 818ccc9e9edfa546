import ArchitectureSpecs
import Checkpoints
import ModelGraph
import Tensors
import Verification

/// What `inspect` tells about a checkpoint, as its JSON document.
struct Inspection: Encodable {
    /// A part of the model.
    struct Part: Encodable {
        let name: String
        let parameters: Int
        let multiplyAdds: Int
    }

    /// What reuse of all maps of one layer would save.
    struct LayerSaving: Encodable {
        let node: String
        let heads: Int
        let maps: Double
        let multiplyAdds: Double
        let parameters: Double

        init(_ layer: LayerSavings) {
            node = layer.node
            heads = layer.heads
            maps = layer.savings.maps.saved
            multiplyAdds = layer.savings.multiplyAdds.saved
            parameters = layer.savings.parameters.saved
        }
    }

    struct TensorEntry: Encodable {
        let name: String
        let file: String
        let type: String
        let shape: [Int]
        let storedBytes: Int
        let filters: [String]
        let use: String
        /// With `--stats`.
        let statistics: TensorStatistics?
    }

    /// A layout or an architecture with what speaks for it and against it.
    struct Candidate: Encodable {
        let name: String
        let score: Int
        let reasons: [String]
    }

    struct Totals: Encodable {
        let layers: Int
        let heads: Int
        let maps: Int
        let hidden: Int
        let vocabulary: Int
        let maximumTokens: Int?
        let parameters: Int
        let multiplyAdds: Int
        /// Sequence length of every count of multiply-adds.
        let tokens: Int
        /// Whether counts do not depend on a length: every input of the model has a shape of its own.
        let isFixed: Bool
        /// Bytes that decoding keeps for each token, of models that decode, in float32.
        let cacheBytes: Int?
        /// The same for each row of what cross-attention looks at.
        let memoryCacheBytes: Int?
    }

    let name: String
    let dialect: String
    let dialectReasons: [String]
    let dialects: [Candidate]
    let architecture: String?
    let candidates: [Candidate]
    let use: ModelUse?
    let totals: Totals?
    let parts: [Part]
    let savings: [LayerSaving]
    let plan: ReusePlan?
    let problems: [String]
    let tensors: [TensorEntry]

    /// Sequence length that multiply-adds are counted for.
    private static let tokens = 128

    /// - Parameter hasStatistics: Whether every tensor is read, for its range and what in it is no number.
    init(_ summary: CheckpointSummary, name: String, hasStatistics: Bool = false) throws {
        self.name = name
        dialect = summary.dialect
        dialectReasons = summary.dialectReasons
        dialects = summary.dialects.map { .init(name: $0.dialect, score: $0.score, reasons: $0.reasons) }
        architecture = summary.architecture
        candidates = summary.candidates.map { .init(name: $0.architecture, score: $0.score, reasons: $0.reasons) }
        use = summary.graph?.use
        plan = summary.plan
        problems = summary.problems
        totals = summary.graph.map { Totals($0, summary.traits, tokens: Self.tokens) }
        parts = summary.graph.map { Self.parts(of: $0) } ?? []
        savings =
            summary.graph.map { LayerSavings.all(of: $0, tokens: Self.tokens).map(LayerSaving.init) } ?? []
        tensors = try summary.tensors.map { tensor in
            TensorEntry(
                name: tensor.name, file: tensor.file, type: tensor.dtype.rawValue, shape: tensor.shape.extents,
                storedBytes: tensor.storedByteCount, filters: tensor.filters, use: tensor.role.words,
                statistics: hasStatistics ? TensorStatistics(of: try tensor.read()) : nil)
        }
    }

    private static func parts(of graph: CheckedGraph) -> [Part] {
        let multiplyAdds = graph.multiplyAddsByNode(tokens: tokens)
        return graph.nodes.compactMap { node in
            let parameters = node.ownParameters.reduce(0) { $0 + $1.shape.count }
            let work = multiplyAdds[node.name] ?? 0
            return parameters + work == 0 ? nil : Part(name: node.name, parameters: parameters, multiplyAdds: work)
        }
    }
}

extension Inspection.Totals {
    init(_ graph: CheckedGraph, _ traits: Model.Traits?, tokens: Int) {
        let cost = graph.cost(tokens: tokens)
        let embeddings = graph.nodes.compactMap { node in
            if case .embedding(let embedding) = node.operation { embedding } else { nil }
        }
        self.init(
            layers: graph.attentionNodes.count, heads: graph.headIDs.count, maps: cost.maps,
            hidden: graph.hiddenStates.last.flatMap { graph.shapes[$0]?.width } ?? 0,
            vocabulary: embeddings.map(\.vocabulary).max() ?? 0, maximumTokens: traits?.maximumTokens,
            parameters: cost.parameters, multiplyAdds: cost.multiplyAdds, tokens: tokens,
            isFixed: cost.multiplyAdds == graph.cost(tokens: tokens + 1).multiplyAdds,
            cacheBytes: cost.cacheBytes > 0 ? cost.cacheBytes : nil,
            memoryCacheBytes: cost.memoryCacheBytes > 0 ? cost.memoryCacheBytes : nil)
    }
}

extension TensorRole {
    /// The role in words.
    var words: String {
        switch self {
        case .parameter(let ids): ids.map(\.description).joined(separator: ", ")
        case .copy: "a copy of another tensor"
        case .ignored(let reason): "left out: \(reason)"
        case .unknown: "not used"
        }
    }
}
