import Inputs
import ModelGraph
import Platform

/// Makes embeddings of texts: one vector a text, so that texts of like meaning have like vectors.
///
///     let model = try await TransformerModel(at: URL(filePath: "bert/"))
///     let embedder = try TextEmbedder(model)
///     let vectors = try await embedder.embeddings(for: ["first text", "second text"])
///     print(vectors.shape, vectors.cosine(0, 1))
///
/// The vector of a text does not depend on the texts beside it, on the number of threads or on how many callers there
/// are, to the bit. One embedder serves any number of concurrent callers.
public struct TextEmbedder: Sendable {
    /// How a text's last hidden states become one vector.
    public enum Pooling: String, Sendable, Hashable, CaseIterable {
        /// Mean of the tokens' rows.
        case mean
        /// The first token's row.
        case first
        /// Maximum of the tokens' rows, for each column.
        case max
        /// The last token's row.
        case last
        /// Sum of the tokens' rows, divided by the square root of their number.
        case meanSquareRoot = "mean-sqrt"
        /// Mean of the tokens' rows, later ones weighing more: the first once, the second twice, and so on.
        case weightedMean = "weighted-mean"

        /// What `init(named:)` knows.
        package static let names = ["mean", "first", "cls", "max", "last", "mean-sqrt", "weighted-mean"]

        /// The way that users call so: by its raw value, or `cls`, which is the first token.
        package init?(named name: String) { self.init(rawValue: name == "cls" ? "first" : name) }
    }

    /// How embeddings are made. What is `nil` is as the model's files say.
    public struct Options: Sendable, Hashable {
        /// How rows become one; where no file says it, their mean.
        public var pooling: Pooling?
        /// Whether each vector is divided by its Euclidean length; where no file says it, it is not.
        public var normalizes: Bool?
        /// Longest text in tokens, special tokens included; longer ones are cut. The model's own limits hold in any
        /// case.
        public var maximumTokens: Int?
        /// What stands before each text: a name among the model's `prompts`, or the prompt itself; empty for none.
        public var prompt: String?

        /// Options; what is `nil` is as the model's files say.
        public init(
            pooling: Pooling? = nil, normalizes: Bool? = nil, maximumTokens: Int? = nil, prompt: String? = nil
        ) {
            self.pooling = pooling
            self.normalizes = normalizes
            self.maximumTokens = maximumTokens
            self.prompt = prompt
        }
    }

    /// How rows become one; `nil` where they do in several ways side by side.
    public let pooling: Pooling?
    /// Whether each vector is divided by its length.
    public let normalizes: Bool
    /// Longest text in tokens, special tokens included; `nil`: unlimited.
    public var maximumTokens: Int? { reader.limit }
    /// Numbers in a vector.
    public var width: Int { rows.width }

    private let reader: DataReader
    private let rows: RowModel
    private let resources: ComputeResources

    /// Texts that go through the model at once.
    private static let batchSize = 512

    /// An embedder of a model's texts. The weights are packed when it is first used, or by `prepare()`.
    ///
    /// - Parameters:
    ///   - model: A model that reads texts and has hidden states.
    ///   - options: How embeddings are made.
    ///   - resources: The threads to compute on.
    /// - Throws: `.usage` for a model that reads no texts or has no hidden states; `.inputOutput` for one without a
    ///   tokenizer; `.unsupported` when the model's files ask for something after the transformer that is not done here
    ///   and `options.pooling` does not say what to do instead.
    public init(
        _ model: TransformerModel, options: Options = Options(), resources: ComputeResources = .shared
    ) throws(TransformerError) {
        let graph = model.model.graph
        let own = graph.embeddingPoolings
        pooling = options.pooling ?? (own.isEmpty ? .mean : own.count == 1 ? Pooling(own[0]) : nil)
        normalizes = options.normalizes ?? graph.normalizesEmbedding
        reader = try DataReader(
            for: model, replacingLimit: options.maximumTokens, prompt: options.prompt, resources: resources)
        guard reader.inputs.kind == .text else {
            throw TransformerError(.usage, path: model.path, "the model reads no plain texts")
        }
        _ = try reader.tokenizer()
        rows = try RowModel(
            model, .embedding(options.pooling.map { ModelGraph.Pooling($0) }, normalizes: options.normalizes),
            resources: resources)
        self.resources = resources
    }

    /// Packs the weights now rather than at the first use: seconds for models of gigabytes, which are then in memory
    /// in packed form too.
    public func prepare() async throws(TransformerError) {
        try await rows.prepare(on: resources)
    }

    /// The embeddings of texts: `[texts, width]`, in their order. An empty text has an embedding too.
    ///
    /// Takes about twice the model's parameters in multiply-adds for each token.
    ///
    /// - Throws: `.cancelled` when the task is cancelled.
    public func embeddings(for texts: [String]) async throws(TransformerError) -> Embeddings {
        try await resources.queue.run { (cancellation) throws(TransformerError) in
            try embeddings(texts.count, Work(cancellation: cancellation)) { (index) throws(TransformerError) in
                try reader.sequence(of: texts[index])
            }
        }
    }

    /// The embeddings of texts that are tokens already, special tokens included: `[texts, width]`.
    ///
    /// - Parameters:
    ///   - texts: The ids of each text's tokens.
    ///   - types: Token types (segments) of each text, as many as tokens; `nil`: all 0.
    /// - Throws: `.usage` for ids that the model does not know and for texts that are longer than it takes.
    public func embeddings(
        forTokens texts: [[Int32]], types: [[Int32]]? = nil
    ) async throws(TransformerError) -> Embeddings {
        try await resources.queue.run { (cancellation) throws(TransformerError) in
            try embeddings(texts.count, Work(cancellation: cancellation)) { index in
                let types = types.flatMap { $0.indices.contains(index) ? $0[index] : nil }
                return ModelInput(ids: texts[index], types: types ?? [])
            }
        }
    }

    /// The embedding of one text: `width` numbers.
    public func embedding(for text: String) async throws(TransformerError) -> [Float] {
        try await embeddings(for: [text]).values
    }

    private func embeddings(
        _ count: Int, _ work: Work, item: (Int) throws(TransformerError) -> ModelInput
    ) throws(TransformerError) -> Embeddings {
        var values: [Float] = []
        var tokens: [[Int32]] = []
        values.reserveCapacity(count * width)
        try rows.forEachBatch(count, size: Self.batchSize, work: work, item: item) { row, input in
            values += row
            tokens.append(input.ids)
        }
        return Embeddings(width: width, values: values, tokenIDs: tokens)
    }
}

extension TransformerModel {
    /// Texts that may stand before a text, by name, as the model's files say (`TextEmbedder.Options.prompt`).
    public var prompts: [String: String] { model.traits.sentences?.prompts ?? [:] }
}

extension ModelGraph.Pooling {
    package init(_ pooling: TextEmbedder.Pooling) {
        switch pooling {
        case .mean: self = .mean
        case .first: self = .first
        case .max: self = .max
        case .last: self = .last
        case .meanSquareRoot: self = .meanSquareRoot
        case .weightedMean: self = .weightedMean
        }
    }
}

extension TextEmbedder.Pooling {
    /// `nil` for a way of pooling that the modules below know and this enumeration does not.
    init?(_ pooling: ModelGraph.Pooling) {
        guard let known = Self.allCases.first(where: { ModelGraph.Pooling($0) == pooling }) else { return nil }
        self = known
    }
}
