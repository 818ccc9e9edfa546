import ModelGraph
import Platform
import Tensors
import TestSupport
import Verification

extension Double {
    var logarithm: Double { log(self) }
}

/// A random encoder with a masked-language-model head: two layers of two heads, 8 wide.
func tinyEncoder(seed: UInt64 = 1, sources: [[HeadSource]]? = nil) -> Model {
    let width = 8
    let sources = sources ?? Array(repeating: [.computed, .computed], count: 2)
    var nodes = [
        Node(
            name: "embeddings",
            operation: .embedding(Embedding(vocabulary: 30, width: width, positions: .init(count: 64))),
            inputs: ["input_ids"])
    ]
    var stream = "embeddings"
    var hiddenStates = [stream]
    for (layer, heads) in sources.enumerated() {
        let attention = Attention(
            sizes: .init(inputWidth: width, outputWidth: width, headSize: 4),
            scores: .init(scale: 0.5),
            heads: heads)
        nodes += [
            Node(name: "layer_\(layer)/attention", operation: .attention(attention), inputs: [stream]),
            Node(name: "layer_\(layer)/add", operation: .add, inputs: ["layer_\(layer)/attention", stream]),
            Node(
                name: "layer_\(layer)/norm", operation: .norm(Norm(width: width, epsilon: 1e-5)),
                inputs: ["layer_\(layer)/add"]),
        ]
        stream = "layer_\(layer)/norm"
        hiddenStates.append(stream)
    }
    nodes.append(
        Node(name: "logits", operation: .linear(Linear(inputWidth: width, outputWidth: 30)), inputs: [stream]))
    let graph = Graph(
        inputs: ["input_ids", "attention_mask"], nodes: nodes,
        outputs: [.init(name: "last_hidden_state", value: stream), .init(name: "logits", value: "logits")],
        hiddenStates: hiddenStates, use: .maskedLanguageModel)
    var random = SplitMix(seed: seed)
    var tensors: [ParameterID: Tensor] = [:]
    for node in nodes {
        for parameter in node.ownParameters {
            let count = parameter.shape.count
            let values = (0..<count).map { _ in Float(random.next(below: 2001)) / 1000 - 1 }
            tensors[node.parameterID(parameter.name)] = Tensor(values, shape: parameter.shape)
        }
    }
    return Model(
        graph: graph.sound, tensors: tensors, provenance: .init(files: [], dialect: "test", architecture: "tiny"))
}

/// `count` texts of different lengths.
func tinyTexts(_ count: Int = 12) -> [ModelInput] {
    var random = SplitMix(seed: 99)
    return (0..<count).map { index in
        ModelInput(ids: (0..<(3 + index % 9)).map { _ in Int32(random.next(below: 30)) })
    }
}
