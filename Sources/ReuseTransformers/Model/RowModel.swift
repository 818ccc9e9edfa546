import ModelGraph
import Platform
import Runtime
import Tensors

/// A model that gives one row an item: a pooled value, or scores. Compiled when it is first run.
package final class RowModel: Sendable {
    /// What a row is made of.
    package enum Source: Sendable, Hashable {
        /// The last hidden states, pooled.
        case hiddenStates(Pooling, isNormalized: Bool)
        /// The predictions before softmax, of models that predict once an item.
        case predictions
    }

    /// Numbers in a row.
    package let width: Int
    private let model: TransformerModel
    private let source: Source
    private let value: String
    private let resources: ComputeResources
    private let prepared = PreparedValue<CompiledModel>()

    /// Checks that the model has what rows are made of.
    ///
    /// - Throws: `.usage` when it has not.
    package init(
        _ model: TransformerModel, _ source: Source, resources: ComputeResources
    ) throws(TransformerError) {
        let graph = model.model.graph
        let name: String?
        switch source {
        case .hiddenStates: name = graph.lastHiddenState
        case .predictions: name = graph.predictions
        }
        guard let name else {
            let lacks = source == .predictions ? "has no scores" : "has no hidden states to pool"
            throw TransformerError(.usage, path: model.path, "the model \(lacks)")
        }
        guard let shape = graph.shapes[name] else {
            throw TransformerError(.usage, path: model.path, "the model has no value \(name)")
        }
        if source == .predictions, shape.rows != .sequences {
            throw TransformerError(
                .usage, path: model.path, "the model gives scores for every token, not one row an item")
        }
        self.model = model
        self.source = source
        self.resources = resources
        value = name
        width = shape.width
    }

    /// Rows of items: `[items, width]`, in order.
    ///
    /// - Throws: `.usage` when an item does not fit the model; `.cancelled`.
    package func rows(of items: [ModelInput], work: Work = Work()) throws(TransformerError) -> Tensor {
        let compiled = try compiled(work)
        return try TransformerError.mapping {
            switch source {
            case .hiddenStates(let pooling, let isNormalized):
                try compiled.vectors(of: value, for: items, pooling: pooling, normalize: isNormalized)
            case .predictions:
                try compiled.vectors(of: value, for: items)
            }
        }
    }

    /// Rows of items that are made as they are needed, a batch at a time.
    ///
    /// - Parameter receive: Called with each row and what it is the row of, in order.
    func forEachBatch(
        _ count: Int, size: Int, work: Work, item: (Int) throws(TransformerError) -> ModelInput,
        receive: (ArraySlice<Float>, ModelInput) -> Void
    ) throws(TransformerError) {
        for start in stride(from: 0, to: count, by: size) {
            var batch: [ModelInput] = []
            for index in start..<min(start + size, count) {
                try work.checkCancellation()
                batch.append(try item(index))
            }
            let values = try rows(of: batch, work: work).floats
            for (index, item) in batch.enumerated() { receive(values[index * width..<(index + 1) * width], item) }
        }
    }

    /// Compiles the model on a thread of the resources.
    func prepare(on resources: ComputeResources) async throws(TransformerError) {
        try await resources.queue.run { (cancellation) throws(TransformerError) in
            _ = try self.compiled(Work(cancellation: cancellation))
        }
    }

    /// The compiled model, whose runs end with the work.
    private func compiled(_ work: Work) throws(TransformerError) -> CompiledModel {
        try prepared.get(work) {
            let observation = Observation(values: Set(model.model.graph.rowMasks.values).union([value]))
            return try CompiledModel(
                model.model,
                options: .init(resources: resources.execution(work.cancellation), observation: observation))
        }.cancelled(by: work.cancellation)
    }
}
