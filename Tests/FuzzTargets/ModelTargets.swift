import ArchitectureSpecs
import Checkpoints
import Costs
import JSON
import ModelGraph
import Plans
import Tensors
import WeightFiles

extension FuzzTarget {
    /// The first 512 bytes of a `.reuse.h5`.
    static let userBlock = FuzzTarget("user-block") { bytes in
        if let block = try? UserBlock(bytes) {
            precondition(block.bytes.elementsEqual(bytes.prefix(512)), "a block that is written otherwise than read")
        }
    }

    /// The manifest of a `.reuse.h5`.
    static let manifest = FuzzTarget("manifest") { bytes in
        guard let manifest = try? Document.decode(Manifest.self, from: Array(bytes)) else { return }
        judge(manifest.graph)
        // What was read can be written, and says the same.
        if let written = try? Document.encode(manifest) {
            let reread = try? Document.decode(Manifest.self, from: written)
            precondition(reread != nil, "a manifest that cannot be read again")
        }
    }

    /// A plan, read as what people write, and applied to a small encoder.
    static let plan = FuzzTarget("plan") { bytes in
        do throws(Document.ReadError) {
            _ = try Document.decode(ReusePlan.self, from: Array(bytes), isStrict: true)
            precondition(
                (try? Document.decode(ReusePlan.self, from: Array(bytes))) != nil, "what is strictly right is wrong")
        } catch {
            precondition((1...8).contains(error.lines.count), "a bounded number of complaints")
        }
        guard let plan = try? Document.decode(ReusePlan.self, from: Array(bytes)),
            let graph = try? encoder().checked().applying(plan)
        else { return }
        judge(graph)
    }

    /// A checkpoint's `config.json`: with the built-in architectures that it speaks for, and with one in turn.
    static let config = FuzzTarget("config") { bytes in
        guard let config = try? Document.decode(JSONValue.self, from: Array(bytes)), let library else { return }
        let tensors = TensorCatalog([])
        let turn = bytes.count % library.specs.count
        for dialect in Set(library.specs.flatMap(\.tensors.keys)).sorted() {
            let ranking = library.rank(
                config: ModelConfiguration(config, vocabulary: vocabulary(of: dialect)), tensors: tensors,
                dialect: dialect)
            let likely = Set(ranking.prefix(2).map(\.architecture))
            for (index, spec) in library.specs.enumerated() where index == turn || likely.contains(spec.name) {
                expand(spec, config, dialect)
            }
        }
    }

    private static let library = try? SpecLibrary.builtIn()

    /// An architecture spec that a user has written, with an ordinary configuration.
    static let spec = FuzzTarget("spec") { bytes in
        guard let spec = try? ArchitectureSpec(Array(bytes), path: "spec.json") else { return }
        for dialect in spec.tensors.keys.sorted().prefix(2) { expand(spec, configuration, dialect) }
    }

    /// A safetensors file.
    static let safetensors = FuzzTarget("safetensors") { bytes in
        withFile(Array(bytes), named: "model.safetensors") { path in
            guard let file = try? SafetensorsFile(path: path) else { return }
            for entry in file.entries.prefix(64) {
                precondition(entry.bytes.lowerBound >= 8 && entry.bytes.upperBound <= bytes.count)
                guard let tensor = file.tensor(entry) else { continue }
                _ = tensor.withUnsafeBytes { $0.reduce(0, &+) }
            }
        }
    }

    private static let configuration = JSONValue.object([
        "model_type": .string("bert"), "hidden_size": .integer(8), "num_hidden_layers": .integer(2),
        "num_attention_heads": .integer(2), "intermediate_size": .integer(16), "vocab_size": .integer(32),
        "max_position_embeddings": .integer(16), "type_vocab_size": .integer(2), "hidden_act": .string("gelu"),
        "layer_norm_eps": .number(1e-12), "pad_token_id": .integer(0), "architectures": .array([.string("BertModel")]),
    ])

    /// Hugging Face's layouts share the words of their configurations; others have their own.
    private static func vocabulary(of dialect: String) -> String {
        ["hf-tf", "safetensors"].contains(dialect) ? "hf" : dialect
    }

    private static func expand(_ spec: ArchitectureSpec, _ config: JSONValue, _ dialect: String) {
        guard let table = spec.tensors[dialect] else { return }
        let tensors = TensorCatalog([])
        let resolver = SettingsResolver(
            spec: spec, config: ModelConfiguration(config, vocabulary: vocabulary(of: dialect)), table: table,
            tensors: tensors)
        guard case .success(let settings) = resolver.settings(),
            let expanded = try? SpecExpander.expand(spec, settings)
        else { return }
        account(spec, config, settings, dialect)
        // Graphs of thousands of nodes only take time here.
        guard judge(expanded.graph), expanded.graph.nodes.count < 400 else { return }
        let (sources, problems) = ParameterSources.make(table, for: expanded, settings)
        _ = TensorBinder(sources, catalog: tensors).bind(expanded.graph, problems: problems)
    }

    /// What became of every key of a configuration: each that is refused is a problem of its own.
    private static func account(
        _ spec: ArchitectureSpec, _ config: JSONValue, _ settings: Settings, _ dialect: String
    ) {
        let configuration = ModelConfiguration(config, vocabulary: vocabulary(of: dialect))
        guard let ledger = try? spec.ledger(of: configuration, settings, waived: ["hidden_act", "a.b"]) else { return }
        precondition(ledger.problems.count == ledger.refusals.count, "a refusal without a problem")
    }

    /// - Returns: Whether the graph is sound.
    @discardableResult
    static func judge(_ graph: Graph) -> Bool {
        guard let graph = try? graph.checked() else { return false }
        judge(graph)
        return true
    }

    private static func judge(_ graph: CheckedGraph) {
        let cost = graph.cost(tokens: 128)
        precondition(cost.maps >= 0 && cost.parameters >= 0 && cost.multiplyAdds >= 0, "a negative cost")
    }

    private static func encoder() -> Graph {
        let width = 8
        var nodes = [
            Node(
                name: "embeddings",
                operation: .embedding(Embedding(vocabulary: 30, width: width, positions: .init(count: 64))),
                inputs: ["input_ids"])
        ]
        var stream = "embeddings"
        for layer in 0..<2 {
            let attention = Attention(
                sizes: .init(inputWidth: width, outputWidth: width, headSize: 4),
                scores: .init(scale: 0.5),
                heads: [.computed, .computed])
            nodes += [
                Node(name: "layer_\(layer)/attention", operation: .attention(attention), inputs: [stream]),
                Node(name: "layer_\(layer)/add", operation: .add, inputs: ["layer_\(layer)/attention", stream]),
            ]
            stream = "layer_\(layer)/add"
        }
        return Graph(
            inputs: ["input_ids"], nodes: nodes, outputs: [.init(name: "last_hidden_state", value: stream)],
            hiddenStates: [], use: .encoder)
    }
}
