import ModelGraph
import Tensors
import TestSupport

extension Model {
    /// An encoder with a pooler, a classifier and a tied language-model head, all parameters random.
    static func random(_ shape: EncoderShape, seed: UInt64) throws -> Model {
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
func randomSequences(_ lengths: [Int], vocabulary: Int = 50, masked: Bool, seed: UInt64) -> [ModelInput] {
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
