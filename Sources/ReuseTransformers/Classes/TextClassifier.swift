import Inputs
import ModelGraph
import Platform

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
    public var maximumTokens: Int? { reader.limit }

    private let reader: DataReader
    private let rows: RowModel
    private let resources: ComputeResources

    private static let batchSize = 512

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
        reader = try DataReader(for: model, limit: maximumTokens, resources: resources)
        guard reader.inputs.kind == .text else {
            throw TransformerError(.usage, path: model.path, "the model reads no plain texts")
        }
        _ = try reader.tokenizer()
        rows = try RowModel(model, .predictions, resources: resources)
        self.resources = resources
    }

    /// Packs the weights now rather than at the first use.
    public func prepare() async throws(TransformerError) { try await rows.prepare(on: resources) }

    /// The classes of texts, in their order.
    ///
    /// Takes about twice the model's parameters in multiply-adds for each token.
    ///
    /// - Throws: `.cancelled` when the task is cancelled.
    public func classify(_ texts: [String]) async throws(TransformerError) -> [Classification] {
        try await resources.queue.run { (cancellation) throws(TransformerError) in
            let work = Work(cancellation: cancellation)
            var results: [Classification] = []
            try rows.forEachBatch(texts.count, size: Self.batchSize, work: work) { (index) throws(TransformerError) in
                try reader.sequence(of: texts[index])
            } receive: { row, _ in
                results.append(Classification(scores: row, labels: labels))
            }
            return results
        }
    }

    /// The class of one text.
    public func classify(_ text: String) async throws(TransformerError) -> Classification {
        try await classify([text])[0]
    }
}
