import ArchitectureSpecs
import Files
import JSON
import ModelGraph
import Platform
import WeightFiles

/// What a sentence-transformers folder adds to its transformer: modules that follow it, and how texts become tokens.
struct SentenceModules: Sendable {
    /// Path of `modules.json`.
    private let path: String
    /// What follows the transformer, with the number of each in the list.
    private let modules: [(index: Int, module: any SentenceModule)]
    /// How texts become tokens.
    private let texts: SentenceTexts
    /// Tensors of the modules, under `<folder>/<name>`.
    let tensors: [StoredTensor]
    /// Files that were read, by their paths below the folder.
    let files: [(name: String, file: MappedFile)]
    /// What became of the keys of all settings.
    let ledgers: [KeyLedger]

    /// What a folder adds; `nil` where it has no `modules.json`.
    ///
    /// - Parameter waived: Keys that the caller does not want to count.
    /// - Throws: Everything that is asked for and not handled, by its name.
    init?(_ folder: CheckpointFolder, waived: Set<String>) throws(FileError) {
        guard let list = folder.modules else { return nil }
        path = folder.rootEntry(SentenceModuleList.fileName).path
        let problems = Self.problems(of: list)
        guard problems.isEmpty else {
            throw FileError(
                problems, path: path,
                remedy: "to use the transformer alone, give a folder of its files without modules.json")
        }
        var texts = try SentenceTexts(folder, waived: waived)
        if texts.isCrossEncoder, list.entries.count > 1 || texts.traits.defaultPrompt != nil {
            let what = list.entries.count > 1 ? "has modules after its transformer" : "has a default prompt"
            throw FileError(.unsupported, path: path, "a cross-encoder that \(what) is not handled")
        }
        var modules: [(index: Int, module: any SentenceModule)] = []
        var tensors: [StoredTensor] = []
        var files = [(name: SentenceModuleList.fileName, file: try folder.file(folder.rootEntry("modules.json")))]
        files += texts.files
        var ledgers = texts.ledgers
        for (index, entry) in list.entries.enumerated().dropFirst() {
            guard let type = Self.classes.first(where: { $0.className == entry.className }) else { continue }
            var own = ModuleFiles(entry, index: index, folder: folder, waived: waived)
            let module = try type.init(&own)
            modules.append((index, module))
            tensors += own.tensors
            files += own.files
            ledgers += own.ledgers
            if let pooling = module as? PoolingModule { texts.traits.poolsPrompt = pooling.poolsPrompt }
        }
        self.modules = modules
        self.texts = texts
        self.tensors = tensors
        self.files = files
        self.ledgers = ledgers
    }

    /// Modules that are not handled.
    private static func problems(of list: SentenceModuleList) -> [Problem] {
        var result: [Problem] = []
        for (index, entry) in list.entries.enumerated() {
            func problem(_ text: String) { result.append(Problem(.unsupported, "module \(index), \(text)")) }
            guard let name = entry.className else {
                problem("\(entry.type.printable), is code that comes with the folder")
                continue
            }
            if name == "Transformer" {
                if index > 0 { problem("\(name), is not the first one") }
            } else if let reason = otherClasses[name] {
                problem("\(name), \(reason)")
            } else if !classes.contains(where: { $0.className == name }) {
                problem("\(name.printable), is not handled")
            } else if index == 0 {
                problem("\(name), stands where the transformer is expected")
            }
        }
        return result
    }

    /// The graph of the whole folder, where its parameters are, and what a user meets around it.
    ///
    /// - Parameters:
    ///   - graph: The transformer's.
    ///   - sources: Where its parameters are.
    ///   - architecture: Name of its family.
    ///   - traits: What a user meets around the transformer.
    func extend(
        _ graph: Graph, _ sources: ParameterSources, architecture: String, traits: Model.Traits
    ) throws(FileError) -> (graph: Graph, sources: ParameterSources, traits: Model.Traits) {
        if texts.isCrossEncoder {
            var traits = traits
            traits.pairActivation = texts.pairActivation ?? traits.pairActivation
            return (graph, sources, traits)
        }
        guard let backbone = graph.backbone(isEncoderAlone: Self.encodersAlone.contains(architecture)) else {
            throw FileError(
                .unsupported, path: path,
                "the transformer, \(architecture), gives no hidden states of a text that could be pooled")
        }
        var whole = SentenceGraph(backbone.graph, sources, path: path)
        whole.set(.tokens, to: backbone.hidden)
        for (index, module) in modules {
            whole.index = index
            try module.append(to: &whole)
        }
        var result = whole.graph
        guard let embedding = whole.values[.sentence] else {
            throw FileError(.unsupported, path: path, "names no module that pools: it gives no embedding of a text")
        }
        result.outputs.append(Graph.Output(name: Graph.embeddingOutput, value: embedding))
        var traits = traits
        traits.labels = []
        traits.sentences = texts.traits
        return (result.withoutUnreadNodes, whole.sources, traits)
    }

    /// Encoder–decoders of which the library takes the encoder alone.
    private static let encodersAlone: Set<String> = ["t5", "mt5"]
}

extension Graph {
    /// The graph as a base model, without heads, and the value with a text's last hidden states; `nil` where there is
    /// none.
    ///
    /// - Parameter isEncoderAlone: Whether of an encoder–decoder the encoder is taken.
    fileprivate func backbone(isEncoderAlone: Bool) -> (graph: Graph, hidden: String)? {
        var result = self
        let hidden: String
        if encoderHiddenStates.isEmpty {
            guard readsText, let last = lastHiddenState else { return nil }
            hidden = last
            result.outputs = outputs.filter { $0.value == last || $0.name == "pooler_output" }
        } else {
            guard isEncoderAlone, readsText, let last = encoderHiddenStates.last else { return nil }
            hidden = value(ofOutput: "encoder_last_hidden_state") ?? last
            result.hiddenStates = encoderHiddenStates
            result.encoderHiddenStates = []
            result.outputs = []
        }
        if result.value(ofOutput: "last_hidden_state") == nil {
            result.outputs.insert(Output(name: "last_hidden_state", value: hidden), at: 0)
        }
        result.use = .encoder
        return (result, hidden)
    }

    /// The graph without nodes and laid-out inputs that nothing reads which is handed out.
    fileprivate var withoutUnreadNodes: Graph {
        var needed = Set(outputs.map(\.value) + hiddenStates + encoderHiddenStates)
        var owners: Set<String> = []
        for node in nodes.reversed() where needed.contains(node.name) || owners.contains(node.name) {
            needed.insert(node.name)
            needed.formUnion(node.inputs)
            owners.formUnion(node.ties.values.map(\.parameter.node))
        }
        var result = self
        result.nodes = nodes.filter { needed.contains($0.name) }
        let read = Set(result.nodes.flatMap(\.inputs))
        let unread = Set(inputLayouts.keys.filter { !read.contains($0) })
        let masks = Set(unread.compactMap { inputLayouts[$0]?.mask })
        result.inputs = inputs.filter { !unread.contains($0) && !masks.contains($0) }
        for name in unread { result.inputLayouts[name] = nil }
        return result
    }
}

extension SentenceModules {
    /// The classes that are handled.
    static let classes: [any SentenceModule.Type] = [
        PoolingModule.self, NormalizeModule.self, DenseModule.self, LayerNormModule.self, DropoutModule.self,
    ]

    /// What other classes of the library do.
    static let otherClasses = [
        "StaticEmbedding": "looks tokens up in one table: it is no transformer",
        "WordEmbeddings": "looks words up in one table: it is no transformer",
        "BoW": "counts words: it is no transformer",
        "MLMTransformer": "is a masked language model whose predictions are pooled",
        "SpladePooling": "makes sparse vectors, one number a word of the vocabulary",
        "SparseAutoEncoder": "makes sparse vectors", "CSRSparsity": "makes sparse vectors",
        "SparseStaticEmbedding": "makes sparse vectors",
        "CNN": "is a convolution over tokens", "LSTM": "is a recurrent layer over tokens",
        "WordWeights": "weighs each word by a table", "WeightedLayerPooling": "adds up the states of all layers",
        "WKPooling": "weighs the states of all layers", "CLIPModel": "has a tower for texts and one for pictures",
        "Asym": "takes one of several roads, by what a text is said to be",
        "Router": "takes one of several roads, by what a text is said to be",
    ]
}
