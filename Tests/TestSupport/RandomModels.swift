import ModelGraph
import Tensors

extension Model {
    /// An encoder with a pooler, a classifier and a tied language-model head, all parameters random.
    package static func random(_ shape: EncoderShape, seed: UInt64) throws -> Model {
        let width = shape.hidden
        let stack = EncoderStack(shape, from: "embeddings_norm")
        let stream = stack.stream
        var nodes: [Node] = [
            Node(
                name: "embeddings",
                operation: .embedding(
                    Embedding(vocabulary: shape.vocabulary, width: width, positions: .init(count: 200), types: 2)),
                inputs: ["input_ids", "token_type_ids"]),
            Node(name: "embeddings_norm", operation: .norm(Norm(width: width, epsilon: 1e-5)), inputs: ["embeddings"]),
        ]
        nodes += stack.nodes
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
            ], hiddenStates: stack.hiddenStates)
        return Model(randomFor: graph, spread: 0.3, seed: seed)
    }
}

/// Random sequences of the given lengths, some with masks that hide the start, the end or places between.
package func randomSequences(
    _ lengths: [Int], vocabulary: Int = 50, masked: Bool, seed: UInt64
) -> [ModelInput] {
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
        return ModelInput(
            ids: (0..<length).map { _ in Int32.random(in: 0..<Int32(vocabulary), using: &generator) },
            types: (0..<length).map { _ in Int32.random(in: 0...1, using: &generator) }, mask: mask)
    }
}

/// A text encoder and a decoder of two layers that looks at it; the second layer's cross-attention borrows.
package func translator(borrows: Bool) -> Model {
    let width = 32
    func attention(memory: Bool = false, causal: Bool = false, _ heads: [HeadSource]) -> ModelGraph.Operation {
        .attention(
            Attention(
                sizes: .init(inputWidth: width, memoryWidth: memory ? width : nil, outputWidth: width, headSize: 16),
                scores: .init(
                    scale: 0.25, mask: .init(isCausal: causal),
                    positions: memory ? nil : .bucketed(.init(count: 8, maximumDistance: 9, isBidirectional: !causal))),
                heads: heads))
    }
    let computed: [HeadSource] = [.computed, .computed]
    var nodes = [
        Node(
            name: "encoder/embeddings", operation: .embedding(Embedding(vocabulary: 50, width: width)),
            inputs: ["input_ids"]),
        Node(name: "encoder/attention", operation: attention(computed), inputs: ["encoder/embeddings"]),
        Node(name: "memory", operation: .add, inputs: ["encoder/attention", "encoder/embeddings"]),
        Node(
            name: "decoder/embeddings",
            operation: .embedding(Embedding(vocabulary: 50, width: width, positions: .init(count: 40))),
            inputs: ["decoder_input_ids"], ties: ["tokens": .init(parameter: "encoder/embeddings/tokens")]),
    ]
    var stream = "decoder/embeddings"
    for layer in 0..<2 {
        let name = "decoder/\(layer)"
        let cross: [HeadSource] =
            borrows && layer == 1
            ? [.reused(HeadID(node: "decoder/0/cross", head: 1)), .reused(HeadID(node: "decoder/0/cross", head: 0))]
            : computed
        nodes += [
            Node(name: "\(name)/self", operation: attention(causal: true, computed), inputs: [stream]),
            Node(name: "\(name)/self_add", operation: .add, inputs: ["\(name)/self", stream]),
            Node(
                name: "\(name)/cross", operation: attention(memory: true, cross),
                inputs: ["\(name)/self_add", "memory"]),
            Node(name: "\(name)/add", operation: .add, inputs: ["\(name)/cross", "\(name)/self_add"]),
        ]
        stream = "\(name)/add"
    }
    nodes.append(
        Node(name: "head", operation: .linear(Linear(inputWidth: width, outputWidth: 50)), inputs: [stream]))
    let graph = Graph(
        inputs: ["input_ids", "attention_mask", "decoder_input_ids", "decoder_attention_mask"],
        inputLayouts: [
            "decoder_input_ids": InputLayout(
                content: .ids, rows: .axis(.init("decoder")), mask: "decoder_attention_mask")
        ], nodes: nodes, outputs: [.init(name: "logits", value: "head")],
        hiddenStates: ["decoder/embeddings", stream], encoderHiddenStates: ["encoder/embeddings", "memory"],
        use: .languageModel)
    var generator = SeededGenerator(seed: 4)
    var tensors: [ParameterID: Tensor] = [:]
    for node in nodes {
        for parameter in node.ownParameters {
            tensors[node.parameterID(parameter.name)] = Tensor(shape: parameter.shape) { target in
                for index in target.indices { target[index] = Float.random(in: -0.4...0.4, using: &generator) }
            }
        }
    }
    return Model(
        graph: graph.sound, tensors: tensors,
        provenance: .init(files: [], dialect: "test", architecture: "test"))
}
