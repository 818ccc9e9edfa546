/// Tells which class texts belong to.
///
///     let classifier = try TextClassifier(model)
///     for result in try await classifier.classify(["I loved it", "never again"]) {
///         print(result.best.label, result.best.probability)
///     }
///
/// One classifier serves any number of concurrent callers; a text's scores do not depend on them.
public struct TextClassifier: Sendable {
    /// Names of the classes, in the order of their indices; empty when the model's files name none.
    public let labels: [String]
    /// Longest text in tokens, special tokens included; `nil`: unlimited.
    public var maximumTokens: Int? { scorer.reader.limit }

    private let scorer: TextScorer

    /// A classifier of texts. The weights are packed when it is first used, or by `prepare()`.
    ///
    /// - Parameters:
    ///   - model: A model that reads texts and scores classes for each of them.
    ///   - maximumTokens: Longest text in tokens; longer ones are cut. The model's own limits hold in any case.
    ///   - resources: The threads to compute on.
    /// - Throws: `.usage` for a model that reads no texts or scores none as a whole; `.inputOutput` for one without a
    ///   tokenizer.
    public init(
        _ model: TransformerModel, maximumTokens: Int? = nil, resources: ComputeResources = .shared
    ) throws(TransformerError) {
        labels = model.labels
        scorer = try TextScorer(
            model, .predictions, reader: DataReader(for: model, limit: maximumTokens, resources: resources),
            resources: resources)
    }

    /// Packs the weights now rather than at the first use.
    public func prepare() async throws(TransformerError) { try await scorer.prepare() }

    /// The classes of texts, in their order.
    ///
    /// Takes about twice the model's parameters in multiply-adds for each token.
    ///
    /// - Throws: `.cancelled` when the task is cancelled.
    public func classify(_ texts: [String]) async throws(TransformerError) -> [Classification] {
        try await scorer.results(texts.count) { (index) throws(TransformerError) in
            try scorer.reader.sequence(of: texts[index])
        } result: {
            Classification(scores: $0, labels: labels)
        }
    }

    /// The class of one text.
    public func classify(_ text: String) async throws(TransformerError) -> Classification {
        try await classify([text])[0]
    }
}
