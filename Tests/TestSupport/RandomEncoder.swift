import ModelGraph
import Tensors

/// Sizes of a random post-norm encoder.
package struct EncoderShape: Sendable {
    package var hidden = 24
    package var heads = 3
    package var valueSize: Int?
    package var feedForward = 40
    package var vocabulary = 50
    package var activation = Activation.gelu
    package var mask = Attention.Mask()
    package var groupCount: Int?
    package var positions: Attention.Positions?
    package var headNorm: Attention.HeadNorm?
    package var softCap: Float?
    /// Whether projections and feed-forward matrices add biases.
    package var hasBiases = true
    /// Sources of each layer's heads.
    package var layers: [[HeadSource]]

    package init(
        hidden: Int = 24, heads: Int = 3, valueSize: Int? = nil, feedForward: Int = 40, vocabulary: Int = 50,
        activation: Activation = .gelu, mask: Attention.Mask = .init(), groupCount: Int? = nil,
        positions: Attention.Positions? = nil, headNorm: Attention.HeadNorm? = nil, softCap: Float? = nil,
        hasBiases: Bool = true, layers: [[HeadSource]]
    ) {
        self.hidden = hidden
        self.heads = heads
        self.valueSize = valueSize
        self.feedForward = feedForward
        self.vocabulary = vocabulary
        self.activation = activation
        self.mask = mask
        self.groupCount = groupCount
        self.positions = positions
        self.headNorm = headNorm
        self.softCap = softCap
        self.hasBiases = hasBiases
        self.layers = layers
    }

    package static func computed(layers: Int, heads: Int = 3) -> EncoderShape {
        EncoderShape(heads: heads, layers: Array(repeating: Array(repeating: .computed, count: heads), count: layers))
    }
}

/// Name of a layer's attention node in an `EncoderStack`.
package func attentionName(_ layer: Int) -> String { "layer_\(layer)/attention" }

/// The layers of a post-norm encoder.
package struct EncoderStack {
    package private(set) var nodes: [Node] = []
    /// The value that the last layer gives.
    package private(set) var stream: String
    /// The value before the first layer, and that behind each.
    package private(set) var hiddenStates: [String]

    /// - Parameter stream: The value that the first layer takes.
    package init(_ shape: EncoderShape, from stream: String) {
        self.stream = stream
        hiddenStates = [stream]
        let width = shape.hidden
        for (layer, sources) in shape.layers.enumerated() {
            let p = "layer_\(layer)/"
            let attention = Attention(
                sizes: .init(
                    inputWidth: width, outputWidth: width, headSize: width / shape.heads, valueSize: shape.valueSize),
                groupCount: shape.groupCount,
                scores: .init(
                    scale: 1 / Float(width / shape.heads).squareRoot(), mask: shape.mask, positions: shape.positions,
                    headNorm: shape.headNorm, softCap: shape.softCap),
                biases: .init(
                    query: shape.hasBiases, key: shape.hasBiases, value: shape.hasBiases, output: shape.hasBiases),
                heads: sources)
            nodes += [
                Node(name: p + "attention", operation: .attention(attention), inputs: [self.stream]),
                Node(name: p + "attention_add", operation: .add, inputs: [p + "attention", self.stream]),
                Node(
                    name: p + "attention_norm", operation: .norm(Norm(width: width, epsilon: 1e-5)),
                    inputs: [p + "attention_add"]),
                Node(
                    name: p + "up", operation: .linear(Linear(inputWidth: width, outputWidth: shape.feedForward)),
                    inputs: [p + "attention_norm"]),
                Node(name: p + "activation", operation: .activation(shape.activation), inputs: [p + "up"]),
                Node(
                    name: p + "down",
                    operation: .linear(
                        Linear(inputWidth: shape.feedForward, outputWidth: width, hasBias: shape.hasBiases)),
                    inputs: [p + "activation"]),
                Node(name: p + "add", operation: .add, inputs: [p + "down", p + "attention_norm"]),
                Node(name: p + "norm", operation: .norm(Norm(width: width, epsilon: 1e-5)), inputs: [p + "add"]),
            ]
            self.stream = p + "norm"
            hiddenStates.append(self.stream)
        }
    }
}

extension Model {
    /// A model with uniformly random parameters; those called `scale` lie around 1.
    ///
    /// - Parameter spread: Largest magnitude; queries and keys get 0.6, so that maps differ from one another.
    package init(randomFor graph: Graph, spread: Float, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var tensors: [ParameterID: Tensor] = [:]
        for node in graph.nodes {
            for parameter in node.ownParameters {
                let isScale = parameter.name == "scale"
                let isOfMap = parameter.name.hasPrefix("query") || parameter.name.hasPrefix("key")
                let spread = isOfMap ? 0.6 : spread
                tensors[node.parameterID(parameter.name)] = Tensor(shape: parameter.shape) { target in
                    for index in target.indices {
                        target[index] = Float.random(in: -spread...spread, using: &generator) + (isScale ? 1 : 0)
                    }
                }
            }
        }
        self.init(
            graph: graph.sound, tensors: tensors, provenance: .init(files: [], dialect: "test", architecture: "test"))
    }
}
