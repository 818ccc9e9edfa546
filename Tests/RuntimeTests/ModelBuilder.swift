import ModelGraph
import Tensors

/// A small generator with a fixed sequence for a seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Sizes of a random post-norm encoder.
struct EncoderShape: Sendable {
    var hidden = 24
    var heads = 3
    var valueSize: Int?
    var feedForward = 40
    var vocabulary = 50
    var activation = Activation.gelu
    var mask = Attention.Mask()
    var groupCount: Int?
    var positions: Attention.Positions?
    var headNorm: Attention.HeadNorm?
    var softCap: Float?
    /// Sources of each layer's heads.
    var layers: [[HeadSource]]

    static func computed(layers: Int, heads: Int = 3) -> EncoderShape {
        EncoderShape(heads: heads, layers: Array(repeating: Array(repeating: .computed, count: heads), count: layers))
    }
}

func attentionName(_ layer: Int) -> String { "layer_\(layer)/attention" }

extension Model {
    /// An encoder with a pooler, a classifier and a tied language-model head, all parameters random.
    static func random(_ shape: EncoderShape, seed: UInt64) throws -> Model {
        let width = shape.hidden
        var nodes: [Node] = [
            Node(
                name: "embeddings",
                operation: .embedding(
                    Embedding(vocabulary: shape.vocabulary, width: width, positions: .init(count: 200), types: 2)),
                inputs: ["input_ids", "token_type_ids"]),
            Node(name: "embeddings_norm", operation: .norm(Norm(width: width, epsilon: 1e-5)), inputs: ["embeddings"]),
        ]
        var stream = "embeddings_norm"
        var hiddenStates = [stream]
        for (layer, sources) in shape.layers.enumerated() {
            let p = "layer_\(layer)/"
            let attention = Attention(
                inputWidth: width, outputWidth: width, headSize: width / shape.heads, valueSize: shape.valueSize,
                groupCount: shape.groupCount, scale: 1 / Float(width / shape.heads).squareRoot(), mask: shape.mask,
                positions: shape.positions, headNorm: shape.headNorm, softCap: shape.softCap, heads: sources)
            nodes += [
                Node(name: p + "attention", operation: .attention(attention), inputs: [stream]),
                Node(name: p + "attention_add", operation: .add, inputs: [p + "attention", stream]),
                Node(
                    name: p + "attention_norm", operation: .norm(Norm(width: width, epsilon: 1e-5)),
                    inputs: [p + "attention_add"]),
                Node(
                    name: p + "up", operation: .linear(Linear(inputWidth: width, outputWidth: shape.feedForward)),
                    inputs: [p + "attention_norm"]),
                Node(name: p + "activation", operation: .activation(shape.activation), inputs: [p + "up"]),
                Node(
                    name: p + "down", operation: .linear(Linear(inputWidth: shape.feedForward, outputWidth: width)),
                    inputs: [p + "activation"]),
                Node(name: p + "add", operation: .add, inputs: [p + "down", p + "attention_norm"]),
                Node(name: p + "norm", operation: .norm(Norm(width: width, epsilon: 1e-5)), inputs: [p + "add"]),
            ]
            stream = p + "norm"
            hiddenStates.append(stream)
        }
        nodes += [
            Node(name: "pooler_first", operation: .pooling(.first), inputs: [stream]),
            Node(
                name: "pooler", operation: .linear(Linear(inputWidth: width, outputWidth: width)),
                inputs: ["pooler_first"]),
            Node(name: "pooler_activation", operation: .activation(.tanh), inputs: ["pooler"]),
            Node(name: "mean", operation: .pooling(.mean), inputs: [stream]),
            Node(
                name: "decoder", operation: .linear(Linear(inputWidth: width, outputWidth: shape.vocabulary)),
                inputs: [stream],
                ties: ["weight": .init(parameter: "embeddings/tokens", isTransposed: true)]),
        ]
        let graph = Graph(
            inputs: ["input_ids", "token_type_ids", "attention_mask"], nodes: nodes,
            outputs: [
                .init(name: "last_hidden_state", value: stream),
                .init(name: "pooler_output", value: "pooler_activation"),
                .init(name: "mean", value: "mean"), .init(name: "logits", value: "decoder"),
            ], hiddenStates: hiddenStates)
        var generator = SeededGenerator(seed: seed)
        var tensors: [String: Tensor] = [:]
        for node in nodes {
            for parameter in node.ownParameters {
                let isScale = parameter.name == "scale"
                let spread: Float = parameter.name.hasPrefix("query") || parameter.name.hasPrefix("key") ? 0.6 : 0.3
                tensors["\(node.name)/\(parameter.name)"] = Tensor(shape: parameter.shape) { target in
                    for index in target.indices {
                        target[index] = Float.random(in: -spread...spread, using: &generator) + (isScale ? 1 : 0)
                    }
                }
            }
        }
        return Model(
            graph: graph, tensors: tensors, provenance: .init(files: [], dialect: "test", architecture: "test"))
    }
}

/// Random sequences of the given lengths, some with masks that hide the start, the end or places between.
func randomSequences(_ lengths: [Int], vocabulary: Int = 50, masked: Bool, seed: UInt64) -> [TokenSequence] {
    var generator = SeededGenerator(seed: seed)
    return lengths.enumerated().map { number, length in
        var mask: [Bool] = []
        if masked, length > 3 {
            mask = Array(repeating: true, count: length)
            switch number % 4 {
            case 0: mask[length - 1] = false
            case 1: mask[0] = false
            case 2: mask[0] = false; mask[1] = false; mask[length / 2] = false
            default: mask[1] = false
            }
        }
        return TokenSequence(
            ids: (0..<length).map { _ in Int32.random(in: 0..<Int32(vocabulary), using: &generator) },
            types: (0..<length).map { _ in Int32.random(in: 0...1, using: &generator) }, mask: mask)
    }
}
