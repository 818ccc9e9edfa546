import JSON
import Platform

/// A backbone of KerasHub inside a functional model: one layer there, whose configuration gives sizes only.
///
/// What it is made of stands in the library's class. It is written out here as the functional model that the class
/// builds, in the form in which Keras 3 would list it.
package struct HubBackbone {
    private let name: String
    private let config: JSONValue
    private var layers: [JSONValue] = []

    private static let classes: Set = [
        "BertBackbone", "RobertaBackbone", "XLMRobertaBackbone", "DistilBertBackbone", "GPT2Backbone",
    ]
    /// Keys that the classes are made of.
    private static let keys: Set = [
        "vocabulary_size", "num_layers", "num_heads", "hidden_dim", "intermediate_dim", "max_sequence_length",
        "num_segments",
    ]

    /// - Returns: `nil` for another class.
    /// - Throws: `unsupported` for a key that is not known.
    package static func document(
        _ className: String, module: String?, _ config: JSONValue
    ) throws(Problem) -> JSONValue? {
        let parts = className.split(separator: ">")
        let library = parts.count == 2 ? parts.first : module?.split(separator: ".").first
        guard ["keras_hub", "keras_nlp"].contains(library ?? ""), let plain = parts.last else { return nil }
        var backbone = HubBackbone(name: config["name"]?.stringValue ?? String(plain), config: config)
        guard classes.contains(String(plain)) else { return nil }
        for (key, value) in HarmlessKeys.unknown(in: config, beside: keys) {
            throw Problem(
                .unsupported,
                "\(backbone.name.printable) (\(plain)): \"\(key.printable)\" is \(value), which is not known")
        }
        switch plain {
        case "BertBackbone": return backbone.bert()
        case "RobertaBackbone", "XLMRobertaBackbone": return backbone.encoder(epsilon: 1e-5)
        case "DistilBertBackbone": return backbone.encoder(epsilon: 1e-12)
        default: return backbone.gpt2()
        }
    }

    private init(name: String, config: JSONValue) {
        self.name = name
        self.config = config
    }

    // MARK: Classes

    private mutating func bert() -> JSONValue {
        for name in ["token_ids", "segment_ids", "padding_mask"] { input(name) }
        tokens()
        add(
            "segment_embedding", "Embedding", ["input_dim": size("num_segments"), "output_dim": size("hidden_dim")],
            ["segment_ids"])
        add("embeddings_add", "Add", [:], ["token_embedding", "position_embedding", "segment_embedding"], isList: true)
        var last = norm("embeddings_layer_norm", 1e-12, "embeddings_add")
        last = encoders(after: last, activation: "gelu_tanh", epsilon: 1e-12)
        let whole: JSONValue = .object([
            "class_name": .string("__slice__"), "config": .object(["start": .null, "stop": .null, "step": .null]),
        ])
        append(
            "first_row", "GetItem", "keras.src.ops.numpy", [:],
            [tensor(last), .array([whole, .integer(0), whole])], [:])
        add(
            "pooled_dense", "Dense", ["units": size("hidden_dim"), "activation": .string("tanh")], ["first_row"])
        return model(
            ["token_ids", "segment_ids", "padding_mask"],
            .object(["sequence_output": reference(last), "pooled_output": reference("pooled_dense")]))
    }

    private mutating func encoder(epsilon: Double) -> JSONValue {
        for name in ["token_ids", "padding_mask"] { input(name) }
        append(
            "embeddings", "TokenAndPositionEmbedding", "keras_hub.layers",
            [
                "vocabulary_size": size("vocabulary_size"), "sequence_length": size("max_sequence_length"),
                "embedding_dim": size("hidden_dim"),
            ], [tensor("token_ids")], [:])
        let last = norm("embeddings_layer_norm", epsilon, "embeddings")
        return model(
            ["token_ids", "padding_mask"], reference(encoders(after: last, activation: "gelu", epsilon: epsilon)))
    }

    private mutating func gpt2() -> JSONValue {
        for name in ["token_ids", "padding_mask"] { input(name) }
        tokens()
        add("embeddings_add", "Add", [:], ["token_embedding", "position_embedding"], isList: true)
        var last = "embeddings_add"
        for index in 0..<count {
            let layer = "transformer_layer_\(index)"
            append(
                layer, "TransformerDecoder", "keras_hub.layers",
                block("gelu_tanh", 1e-5).merging(["normalize_first": .bool(true)]) { $1 }, [tensor(last)],
                ["decoder_padding_mask": tensor("padding_mask")])
            last = layer
        }
        return model(["token_ids", "padding_mask"], reference(norm("layer_norm", 1e-5, last)))
    }

    // MARK: Parts

    private var count: Int { min(max(config["num_layers"]?.intValue ?? 0, 0), 4096) }

    private func size(_ key: String) -> JSONValue { config[key] ?? .null }

    private mutating func tokens() {
        append(
            "token_embedding", "ReversibleEmbedding", "keras_hub.layers",
            ["input_dim": size("vocabulary_size"), "output_dim": size("hidden_dim")], [tensor("token_ids")], [:])
        append(
            "position_embedding", "PositionEmbedding", "keras_hub.layers",
            ["sequence_length": size("max_sequence_length")], [tensor("token_embedding")], [:])
    }

    private mutating func norm(_ name: String, _ epsilon: Double, _ input: String) -> String {
        add(name, "LayerNormalization", ["axis": .integer(-1), "epsilon": .number(epsilon)], [input])
        return name
    }

    private func block(_ activation: String, _ epsilon: Double) -> [String: JSONValue] {
        [
            "intermediate_dim": size("intermediate_dim"), "num_heads": size("num_heads"), "dropout": size("dropout"),
            "activation": .string(activation), "layer_norm_epsilon": .number(epsilon),
        ]
    }

    private mutating func encoders(after first: String, activation: String, epsilon: Double) -> String {
        var last = first
        for index in 0..<count {
            let layer = "transformer_layer_\(index)"
            append(
                layer, "TransformerEncoder", "keras_hub.layers", block(activation, epsilon), [tensor(last)],
                ["padding_mask": tensor("padding_mask")])
            last = layer
        }
        return last
    }

    // MARK: Form

    private mutating func input(_ name: String) {
        layers.append(
            .object([
                "class_name": .string("InputLayer"), "name": .string(name), "inbound_nodes": .array([]),
                "module": .string("keras.layers"),
                "config": .object([
                    "name": .string(name), "batch_shape": .array([.null, .null]), "dtype": .string("int32"),
                ]),
            ]))
    }

    private mutating func add(
        _ name: String, _ className: String, _ config: [String: JSONValue], _ inputs: [String], isList: Bool = false
    ) {
        let tensors = inputs.map(tensor)
        append(name, className, "keras.layers", config, isList ? [.array(tensors)] : tensors, [:])
    }

    private mutating func append(
        _ name: String, _ className: String, _ module: String, _ config: [String: JSONValue], _ arguments: [JSONValue],
        _ keywords: [String: JSONValue]
    ) {
        layers.append(
            .object([
                "class_name": .string(className), "module": .string(module), "name": .string(name),
                "config": .object(config.merging(["name": .string(name)]) { $1 }),
                "inbound_nodes": .array([
                    .object(["args": .array(arguments), "kwargs": .object(keywords)])
                ]),
            ]))
    }

    private func tensor(_ layer: String) -> JSONValue {
        .object([
            "class_name": .string("__keras_tensor__"), "config": .object(["keras_history": reference(layer)]),
        ])
    }

    private func reference(_ layer: String) -> JSONValue { .array([.string(layer), .integer(0), .integer(0)]) }

    private func model(_ inputs: [String], _ outputs: JSONValue) -> JSONValue {
        .object([
            "class_name": .string("Functional"),
            "config": .object([
                "name": .string(name), "trainable": config["trainable"] ?? .bool(true), "layers": .array(layers),
                "input_layers": .object(Dictionary(inputs.map { ($0, reference($0)) }) { first, _ in first }),
                "output_layers": outputs,
            ]),
        ])
    }
}
