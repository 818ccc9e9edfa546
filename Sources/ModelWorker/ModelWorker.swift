import Inputs
import JSON
import ModelGraph
import Platform
import ReuseTransformers

/// A model that answers requests of another program over two pipes, until that program closes them.
///
/// The model is read and its weights are packed once. Rows are those of the library and of the command, to the bit.
package final class ModelWorker {
    private let model: TransformerModel
    private let resources: ComputeResources
    private let channel: FrameChannel
    private var rows: [RowModel.Source: RowModel] = [:]
    private var readers: [ReaderKey: DataReader] = [:]
    private var generator: TextGenerator?

    private struct ReaderKey: Hashable {
        let limit: Int?
        let prompt: String?
        let readsPairs: Bool
    }

    /// Packed copies of the weights that are kept: one for each way of pooling that is in use.
    private static let packedCopies = 2
    /// Ways of reading texts that are kept: a prompt and a limit each.
    private static let keptReaders = 64

    /// - Parameters:
    ///   - input: The descriptor that requests come from.
    ///   - output: The descriptor that answers go to; nothing else may write there.
    package init(_ model: TransformerModel, resources: ComputeResources, input: Int32, output: Int32) {
        self.model = model
        self.resources = resources
        channel = FrameChannel(input: input, output: output)
    }

    /// Answers until the other side closes the pipe.
    ///
    /// - Throws: When the pipe breaks, or what comes over it is no request. Requests that cannot be met are answered.
    package func run() throws {
        try channel.send(try Document.encode(greeting()))
        while let document = try channel.next() {
            let request = try Document.decode(WorkerRequest.self, from: document)
            do {
                try answer(request)
            } catch {
                let failure = TransformerError(error)
                // A broken pipe is nothing that the other side could be told.
                if failure.kind == .inputOutput, failure.path == "the worker's output" { throw error }
                try channel.send(
                    try Document.encode(
                        WorkerAnswer.Failure(
                            id: request.id,
                            error: .init(kind: failure.kind.rawValue, message: failure.description))))
            }
        }
    }

    private func answer(_ request: WorkerRequest) throws {
        switch request.method {
        case .embed:
            let pooling = try request.pooling.map { try Self.pooling(named: $0) }
            try sendRows(of: request, .embedding(pooling, normalizes: request.normalize))
        case .classify: try sendRows(of: request, .predictions)
        case .score: try sendRows(of: request, .scores(model.pairActivation))
        case .generate: try sendTexts(request)
        case .ping: try channel.send(try Document.encode(WorkerAnswer.Sign(id: request.id)))
        }
    }

    private func sendRows(of request: WorkerRequest, _ source: RowModel.Source) throws {
        try request.checkLimit()
        let compiled = try rowModel(source)
        let reader = try reader(
            ReaderKey(limit: request.maximumTokens, prompt: request.prompt, readsPairs: request.method == .score))
        let truncated = reader.inputs.truncated.value
        var items: [ModelInput] = []
        if request.method == .score {
            for pair in request.pairs ?? [] {
                guard pair.count == 2 else {
                    throw TransformerError(.usage, "a pair has two texts, not \(pair.count)")
                }
                items.append(try reader.sequence(of: pair[0], and: pair[1]))
            }
        } else {
            for text in request.texts ?? [] { items.append(try reader.sequence(of: text)) }
        }
        let values = items.isEmpty ? [] : try compiled.rows(of: items).floats
        try channel.send(
            try Document.encode(
                WorkerAnswer.Rows(
                    id: request.id, shape: [items.count, compiled.width],
                    truncated: reader.inputs.truncated.value - truncated)),
            numbers: values)
    }

    private func sendTexts(_ request: WorkerRequest) throws {
        let generator = try textGenerator()
        var failure: (any Error)?
        let texts = try generator.texts(after: request.texts ?? [], options: try request.generation()) { token in
            guard request.stream == true, failure == nil else { return }
            do {
                try channel.send(
                    try Document.encode(
                        WorkerAnswer.Token(
                            id: request.id, token: .init(prompt: token.prompt, id: token.id, text: token.text))))
            } catch { failure = error }
        }
        if let failure { throw failure }
        try channel.send(
            try Document.encode(
                WorkerAnswer.Texts(
                    id: request.id,
                    texts: texts.map {
                        .init(prompt: $0.prompt, text: $0.text, ids: $0.tokenIDs, isFinished: $0.isFinished)
                    })))
    }

    private func rowModel(_ source: RowModel.Source) throws -> RowModel {
        if let known = rows[source] { return known }
        // Another way of pooling packs the weights again: memory must not grow with what callers try out.
        if rows.count >= Self.packedCopies { rows.removeAll() }
        let made = try RowModel(model, source, resources: resources)
        rows[source] = made
        return made
    }

    private func reader(_ key: ReaderKey) throws -> DataReader {
        if let known = readers[key] { return known }
        if readers.count >= Self.keptReaders { readers.removeAll() }
        let made = try DataReader(
            for: model, replacingLimit: key.limit, prompt: key.prompt, pairing: key.readsPairs ? .always : .never,
            resources: resources)
        readers[key] = made
        return made
    }

    private func textGenerator() throws -> TextGenerator {
        if let generator { return generator }
        let made = try TextGenerator(model, resources: resources)
        generator = made
        return made
    }

    private static func pooling(named name: String) throws -> ModelGraph.Pooling {
        guard let pooling = TextEmbedder.Pooling(named: name) else {
            let known = TextEmbedder.Pooling.names.joined(separator: ", ")
            throw TransformerError(.usage, "there is no pooling “\(name)”; there are \(known)")
        }
        return ModelGraph.Pooling(pooling)
    }

    // MARK: What the model is

    private func greeting() throws -> WorkerAnswer.Greeting {
        let graph = model.model.graph
        let embedding = try? RowModel(model, .embedding(nil, normalizes: nil), resources: resources)
        var methods: [String] = []
        if graph.readsText, embedding != nil { methods.append("embed") }
        if graph.readsText, model.scores == .perItem { methods += ["classify", "score"] }
        if model.task == .languageModel { methods.append("generate") }
        let sentences = model.model.traits.sentences
        let reader = graph.readsText ? try? reader(ReaderKey(limit: nil, prompt: nil, readsPairs: false)) : nil
        return WorkerAnswer.Greeting(
            version: Version.text,
            model: .init(
                path: model.path, architecture: model.architecture, methods: methods, width: embedding?.width,
                labels: model.labels, prompts: model.prompts, defaultPrompt: sentences?.defaultPrompt,
                maximumTokens: reader?.limit, similarity: similarity(),
                notes: model.assumptions + model.notes + (reader?.notes ?? [])))
    }

    /// How the model's files say that embeddings are compared.
    private func similarity() -> String? {
        guard let bytes = model.model.assets["config_sentence_transformers.json"],
            let document = try? JSONDocument(parsing: Array(bytes)),
            let name = try? document.root.string("similarity_fn_name")
        else { return nil }
        return name
    }
}
