import BackgroundWork
import ModelGraph
import Platform
import Runtime
import Tensors
import Verification

/// A model that gives one row an item: a pooled value, or scores. Compiled when it is first run.
package final class RowModel: Sendable {
    /// What a row is made of.
    package enum Source: Sendable, Hashable {
        /// The embedding as the model's files say; where they say nothing, the mean of the last hidden states.
        ///
        /// What is not `nil` holds instead.
        case embedding(Pooling?, normalizes: Bool?)
        /// A function of the predictions, of models that predict once an item.
        case scores(Activation)
        /// The predictions before softmax, of models that predict once an item.
        case predictions
    }

    /// Numbers in a row.
    package let width: Int
    /// The model whose value is read, with what the source adds to its graph.
    private let model: Model
    private let origin: TransformerModel
    private let value: String
    /// How rows become one, of a value that has more than one an item.
    private let pooling: Pooling
    private let isNormalized: Bool
    private let resources: ComputeResources
    private let prepared = PreparedValue<CompiledModel>()

    /// Checks that the model has what rows are made of.
    ///
    /// - Throws: `.usage` when it has not.
    package init(
        _ model: TransformerModel, _ source: Source, resources: ComputeResources
    ) throws(TransformerError) {
        func usage(_ message: String) -> TransformerError { TransformerError(.usage, path: model.path, message) }
        var changed = model.model
        var pooling = Pooling.mean, isNormalized = false
        let name: String?
        switch source {
        case .embedding(let wanted, let normalizes) where model.model.graph.embedding != nil:
            do throws(GraphError) {
                try model.model.graph.graph.requirePooling(wanted)
                changed.graph = try model.model.graph.graph.embedding(pooling: wanted, normalizes: normalizes).checked()
            } catch {
                throw usage("the model's own layers do not take rows that are pooled this way: \(error)")
            }
            name = changed.graph.embedding
        case .embedding(let wanted, let normalizes):
            try model.checkModulesWereRead(pooling: wanted)
            pooling = wanted ?? .mean
            isNormalized = normalizes ?? false
            name = changed.graph.lastHiddenState
        case .predictions: name = changed.graph.predictions
        case .scores(let activation):
            name = try model.scores(through: activation, in: &changed)
        }
        guard let name else {
            switch source {
            case .embedding: throw usage("the model has no hidden states to pool")
            case .predictions, .scores: throw usage("the model has no scores")
            }
        }
        guard let shape = changed.graph.shapes[name] else { throw usage("the model has no value \(name)") }
        switch source {
        case .embedding: break
        case .predictions, .scores:
            guard shape.rows == .sequences else {
                throw usage("the model gives scores for every token, not one row an item")
            }
        }
        self.model = changed
        origin = model
        self.pooling = pooling
        self.isNormalized = isNormalized
        self.resources = resources
        value = name
        width = shape.width
    }

    /// Rows of items: `[items, width]`, in order.
    ///
    /// - Throws: `.usage` when an item does not fit the model, or gives what is no number; `.corrupt` where weights
    ///   that are none are why; `.cancelled`.
    package func rows(of items: [ModelInput], work: Work = Work()) throws(TransformerError) -> Tensor {
        let compiled = try compiled(work)
        let rows = try TransformerError.mapping {
            try compiled.vectors(of: value, for: items, pooling: pooling, normalize: isNormalized)
        }
        let floats = rows.floats
        if try origin.lacksNumbers(in: floats, work: work) {
            let item = (floats.firstIndex(where: \.isNaN) ?? 0) / max(width, 1)
            throw TransformerError(
                .usage, path: origin.path,
                "what the model makes of input \(item), counted from 0, is no number: the input holds what is none, or "
                    + "is far larger than what the model was trained on")
        }
        return rows
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

    /// How deep inputs went so far; `nil` for a model without exits, or one that was not run.
    package var exits: ExitStudy? {
        (try? compiled(Work())).flatMap { ExitStudy(of: $0) }
    }

    /// Compiles the model on a thread of the resources.
    func prepare(on resources: ComputeResources) async throws(TransformerError) {
        try await resources.queue.run { (cancellation) throws(TransformerError) in
            _ = try self.compiled(Work(cancellation: cancellation))
        }
    }

    /// The compiled model, whose runs end with the work.
    private func compiled(_ work: Work) throws(TransformerError) -> CompiledModel {
        try prepared.get(checking: work.checkCancellation) { () throws(TransformerError) in
            let observation = Observation(values: Set(model.graph.rowMasks.values).union([value]))
            return try TransformerError.mapping {
                try CompiledModel(
                    model,
                    options: .init(resources: resources.execution(work.cancellation), observation: observation))
            }
        }.cancelled(by: work.cancellation)
    }
}

extension TransformerModel {
    /// Fails for a file of an earlier release that carries `modules.json` without what it asks for.
    fileprivate func checkModulesWereRead(pooling: Pooling?) throws(TransformerError) {
        guard pooling == nil, model.traits.sentences == nil, model.graph.use == .encoder,
            model.assets["modules.json"] != nil
        else { return }
        throw TransformerError(
            .unsupported, path: path,
            "comes from a sentence-transformers folder, whose modules it does not hold: an earlier release made it",
            remedy: "convert the folder again, or say how rows become one (--pool)")
    }

    /// Adds a function of the predictions to a graph.
    ///
    /// - Returns: The value of the result; `nil` when nothing is predicted.
    fileprivate func scores(through activation: Activation, in model: inout Model) throws(TransformerError) -> String? {
        guard let logits = model.graph.predictions, activation != .identity else { return model.graph.predictions }
        let name = logits + "/score"
        do throws(GraphError) {
            model.graph = try model.graph.changed { graph in
                graph.nodes.append(Node(name: name, operation: .activation(activation), inputs: [logits]))
            }
        } catch {
            throw TransformerError(.defect, path: path, "\(error)")
        }
        return name
    }

    /// Whether the model gives one number for a whole text, or for a pair of texts.
    var scoresPairs: Bool {
        guard scores == .perItem, let logits = model.graph.predictions else { return false }
        return model.graph.readsText && model.graph.shapes[logits]?.width == 1
    }

    /// What makes a pair's score of the logits: what the files say, else a sigmoid of a single one.
    package var pairActivation: Activation {
        if let said = model.traits.pairActivation { return said }
        guard let logits = model.graph.predictions else { return .identity }
        return model.graph.shapes[logits]?.width == 1 ? .sigmoid : .identity
    }
}
