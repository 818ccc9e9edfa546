import ModelGraph
import Tensors

/// Heads of each layer of `Model.random(layers:seed:use:)`.
package let headCount = 3
/// Columns of each head.
package let headSize = 8
/// Width of the model.
package let width = headCount * headSize

/// A head of `Model.random(layers:seed:use:)`.
package func head(_ layer: Int, _ head: Int) -> HeadID { HeadID(node: attentionName(layer), head: head) }

extension Model {
    /// A post-norm model with random parameters, three heads of eight columns a layer.
    package static func random(
        layers: Int, seed: UInt64, use: ModelUse = .encoder, mask: Attention.Mask = .init(), groups: Int? = nil,
        hasBiases: Bool = true
    ) -> Model {
        var shape = EncoderShape.computed(layers: layers, heads: headCount)
        shape.mask = mask
        shape.groupCount = groups
        shape.hasBiases = hasBiases
        let embedding = Embedding(vocabulary: shape.vocabulary, width: width, positions: .init(count: 64))
        let stack = EncoderStack(shape, from: "embeddings")
        var nodes = [Node(name: "embeddings", operation: .embedding(embedding), inputs: ["input_ids"])] + stack.nodes
        var outputs = [Graph.Output(name: "last_hidden_state", value: stack.stream)]
        if use != .encoder {
            let classes = Linear(inputWidth: width, outputWidth: 5)
            nodes.append(Node(name: "classes", operation: .linear(classes), inputs: [stack.stream]))
            outputs.append(.init(name: "logits", value: "classes"))
        }
        let graph = Graph(
            inputs: ["input_ids"], nodes: nodes, outputs: outputs, hiddenStates: stack.hiddenStates, use: use)
        return Model(randomFor: graph, spread: 0.4, seed: seed)
    }

    /// The model in which a head has the queries and keys of another head of its layer: both maps are the same.
    package func copyingMap(of source: Int, to copy: Int, layer: Int) -> Model {
        var result = self
        for name in ["query", "key"] {
            for part in ["weight", "bias"] {
                let path = ParameterID(node: attentionName(layer), name: "\(name)_\(part)")
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
package func randomSequences(_ count: Int, seed: UInt64) -> [ModelInput] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { number in
        ModelInput(ids: (0..<5 + number % 17).map { _ in Int32.random(in: 0..<50, using: &generator) })
    }
}
