import Inputs
import ModelGraph
import Platform

/// A model that gives one row of numbers for each text or pair of texts: what classifiers and scorers of pairs share.
struct TextScorer: Sendable {
    /// Makes what the model takes of texts.
    let reader: DataReader
    private let rows: RowModel
    private let resources: ComputeResources

    private static let batchSize = 512

    /// - Parameters:
    ///   - reader: Of the same model.
    ///   - source: What a row is made of.
    /// - Throws: `.usage` for a model that reads no texts or scores none as a whole; `.inputOutput` for one without a
    ///   tokenizer.
    init(
        _ model: TransformerModel, _ source: RowModel.Source, reader: DataReader, resources: ComputeResources
    ) throws(TransformerError) {
        guard reader.inputs.kind == .text else {
            throw TransformerError(.usage, path: model.path, "the model reads no plain texts")
        }
        _ = try reader.tokenizer()
        rows = try RowModel(model, source, resources: resources)
        self.reader = reader
        self.resources = resources
    }

    /// Packs the weights now rather than at the first use.
    func prepare() async throws(TransformerError) { try await rows.prepare(on: resources) }

    /// What is made of each item's row, in the order of the items.
    ///
    /// - Throws: `.cancelled` when the task is cancelled.
    func results<Result: Sendable>(
        _ count: Int, item: @escaping @Sendable (Int) throws(TransformerError) -> ModelInput,
        result: @escaping @Sendable (ArraySlice<Float>) -> Result
    ) async throws(TransformerError) -> [Result] {
        try await resources.queue.run { (cancellation) throws(TransformerError) in
            let work = Work(cancellation: cancellation)
            var results: [Result] = []
            try rows.forEachBatch(count, size: Self.batchSize, work: work, item: item) { row, _ in
                results.append(result(row))
            }
            return results
        }
    }
}
