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

let headCount = 3
let headSize = 8
let width = headCount * headSize

func attentionName(_ layer: Int) -> String { "layer_\(layer)/attention" }
func head(_ layer: Int, _ head: Int) -> HeadID { HeadID(node: attentionName(layer), head: head) }

extension Model {
    /// A post-norm model with random parameters, three heads of eight columns a layer.
    static func random(
        layers: Int, seed: UInt64, use: ModelUse = .encoder, mask: Attention.Mask = .init(), groups: Int? = nil,
        hasBiases: Bool = true
    ) -> Model {
        var nodes: [Node] = [
            Node(
                name: "embeddings",
                operation: .embedding(Embedding(vocabulary: 50, width: width, positions: .init(count: 64))),
                inputs: ["input_ids"])
        ]
        var stream = "embeddings"
        var hiddenStates = [stream]
        for layer in 0..<layers {
            let p = "layer_\(layer)/"
            let attention = Attention(
                inputWidth: width, outputWidth: width, headSize: headSize, groupCount: groups,
                scale: 1 / Float(headSize).squareRoot(), mask: mask,
                biases: .init(query: hasBiases, key: hasBiases, value: hasBiases, output: hasBiases),
                heads: Array(repeating: .computed, count: headCount))
            nodes += [
                Node(name: p + "attention", operation: .attention(attention), inputs: [stream]),
                Node(name: p + "attention_add", operation: .add, inputs: [p + "attention", stream]),
                Node(
                    name: p + "attention_norm", operation: .norm(Norm(width: width, epsilon: 1e-5)),
                    inputs: [p + "attention_add"]),
                Node(
                    name: p + "up", operation: .linear(Linear(inputWidth: width, outputWidth: 40)),
                    inputs: [p + "attention_norm"]),
                Node(name: p + "activation", operation: .activation(.gelu), inputs: [p + "up"]),
                Node(
                    name: p + "down",
                    operation: .linear(Linear(inputWidth: 40, outputWidth: width, hasBias: hasBiases)),
                    inputs: [p + "activation"]),
                Node(name: p + "add", operation: .add, inputs: [p + "down", p + "attention_norm"]),
                Node(name: p + "norm", operation: .norm(Norm(width: width, epsilon: 1e-5)), inputs: [p + "add"]),
            ]
            stream = p + "norm"
            hiddenStates.append(stream)
        }
        var outputs = [Graph.Output(name: "last_hidden_state", value: stream)]
        if use != .encoder {
            nodes.append(
                Node(name: "classes", operation: .linear(Linear(inputWidth: width, outputWidth: 5)), inputs: [stream]))
            outputs.append(.init(name: "logits", value: "classes"))
        }
        let graph = Graph(inputs: ["input_ids"], nodes: nodes, outputs: outputs, hiddenStates: hiddenStates, use: use)
        var generator = SeededGenerator(seed: seed)
        var tensors: [String: Tensor] = [:]
        for node in nodes {
            for parameter in node.ownParameters {
                let isScale = parameter.name == "scale"
                let spread: Float = parameter.name.hasPrefix("query") || parameter.name.hasPrefix("key") ? 0.6 : 0.4
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

    /// The model in which a head has the queries and keys of another head of its layer: both maps are the same.
    func copyingMap(of source: Int, to copy: Int, layer: Int) -> Model {
        var result = self
        for name in ["query", "key"] {
            for part in ["weight", "bias"] {
                let path = "\(attentionName(layer))/\(name)_\(part)"
                guard let tensor = tensors[path] else { continue }
                var elements = tensor.floats
                for row in 0..<tensor.count / width {
                    for column in 0..<headSize {
                        elements[row * width + copy * headSize + column] =
                            elements[row * width + source * headSize + column]
                    }
                }
                result.tensors[path] = Tensor(elements, shape: tensor.shape)
            }
        }
        return result
    }
}

/// Random sequences without padding.
func randomSequences(_ count: Int, seed: UInt64) -> [TokenSequence] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { number in
        TokenSequence(ids: (0..<5 + number % 17).map { _ in Int32.random(in: 0..<50, using: &generator) })
    }
}
