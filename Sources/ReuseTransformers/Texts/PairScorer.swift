/// Two texts that are read together.
public struct TextPair: Sendable, Hashable {
    /// What stands first: of a search the question.
    public let first: String
    /// What stands second: of a search the passage.
    public let second: String

    /// A pair of texts.
    public init(_ first: String, _ second: String) {
        self.first = first
        self.second = second
    }
}

/// Scores pairs of texts with a cross-encoder: how well a passage answers a question, whether one text follows from
/// another.
///
///     let scorer = try PairScorer(model)
///     let scores = try await scorer.scores(for: [TextPair("who wrote it", "It was written by …")])
///     print(scores[0])
///
/// Scores are those of `CrossEncoder.predict`: logits through the function that the model's files say, or a sigmoid of
/// a single one. They do not depend on the pairs beside them, to the bit.
public struct PairScorer: Sendable {
    /// Names of a pair's scores, in their order; empty when the model's files name none.
    public let labels: [String]
    /// Longest pair in tokens, special tokens included; `nil`: unlimited.
    public var maximumTokens: Int? { scorer.reader.limit }

    private let scorer: TextScorer

    /// A scorer of pairs. The weights are packed when it is first used, or by `prepare()`.
    ///
    /// - Parameters:
    ///   - model: A model that reads texts and scores each as a whole.
    ///   - maximumTokens: Longest pair in tokens; of a longer one the longer text is cut first. The model's own limits
    ///     hold in any case.
    ///   - resources: The threads to compute on.
    /// - Throws: `.usage` for a model that reads no texts or scores none as a whole; `.inputOutput` for one without a
    ///   tokenizer.
    public init(
        _ model: TransformerModel, maximumTokens: Int? = nil, resources: ComputeResources = .shared
    ) throws(TransformerError) {
        labels = model.labels
        scorer = try TextScorer(
            model, .scores(model.pairActivation),
            reader: DataReader(for: model, replacingLimit: maximumTokens, pairing: .always, resources: resources),
            resources: resources)
    }

    /// Packs the weights now rather than at the first use.
    public func prepare() async throws(TransformerError) { try await scorer.prepare() }

    /// The scores of pairs, in their order: one number a label of the model.
    ///
    /// - Throws: `.cancelled` when the task is cancelled.
    public func scores(for pairs: [TextPair]) async throws(TransformerError) -> [[Float]] {
        try await scorer.results(pairs.count) { (index) throws(TransformerError) in
            try scorer.reader.sequence(of: pairs[index].first, and: pairs[index].second)
        } result: {
            Array($0)
        }
    }
}
