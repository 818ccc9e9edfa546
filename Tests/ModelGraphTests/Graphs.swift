import ModelGraph
import Platform

/// Sizes of an encoder in the shape of BERT.
struct EncoderSizes {
    var layers = 2
    var hidden = 12
    var heads = 3
    var intermediate = 20
    var vocabulary = 50
    var positions = 16

    static let miniLM = EncoderSizes(
        layers: 6, hidden: 384, heads: 12, intermediate: 1536, vocabulary: 30522, positions: 512)
}

extension Graph {
    /// A post-norm encoder with pooler; attention nodes are `layers/<i>/attention`.
    static func encoder(_ sizes: EncoderSizes = EncoderSizes()) -> Graph {
        let width = sizes.hidden
        let norm = Operation.norm(Norm(width: width, epsilon: 1e-12))
        func linear(_ input: Int, _ output: Int) -> Operation {
            .linear(Linear(inputWidth: input, outputWidth: output))
        }
        let embedding = Embedding(
            vocabulary: sizes.vocabulary, width: width, positions: .init(count: sizes.positions), types: 2)
        var nodes = [
            Node(name: "embeddings", operation: .embedding(embedding), inputs: ["input_ids", "token_type_ids"]),
            Node(name: "embeddings/norm", operation: norm, inputs: ["embeddings"]),
        ]
        var stream = "embeddings/norm"
        var hiddenStates = [stream]
        for layer in 0..<sizes.layers {
            let prefix = "layers/\(layer)"
            let steps: [(String, Operation, [String])] = [
                ("attention", .attention(.plain(width: width, heads: sizes.heads)), [stream]),
                ("attention/sum", .add, ["\(prefix)/attention", stream]),
                ("attention/norm", norm, ["\(prefix)/attention/sum"]),
                ("up", linear(width, sizes.intermediate), ["\(prefix)/attention/norm"]),
                ("gelu", .activation(.gelu), ["\(prefix)/up"]),
                ("down", linear(sizes.intermediate, width), ["\(prefix)/gelu"]),
                ("sum", .add, ["\(prefix)/down", "\(prefix)/attention/norm"]),
                ("norm", norm, ["\(prefix)/sum"]),
            ]
            nodes += steps.map { Node(name: "\(prefix)/\($0.0)", operation: $0.1, inputs: $0.2) }
            stream = "\(prefix)/norm"
            hiddenStates.append(stream)
        }
        nodes += [
            Node(name: "first", operation: .pooling(.first), inputs: [stream]),
            Node(name: "pooler", operation: linear(width, width), inputs: ["first"]),
            Node(name: "pooled", operation: .activation(.tanh), inputs: ["pooler"]),
        ]
        return Graph(
            inputs: ["input_ids", "token_type_ids"], nodes: nodes,
            outputs: [
                Output(name: "last_hidden_state", value: stream), Output(name: "pooler_output", value: "pooled"),
            ],
            hiddenStates: hiddenStates)
    }

    /// The graph after a change of one node.
    func changing(_ name: String, _ change: (inout Node) -> Void) -> Graph {
        var copy = self
        for index in copy.nodes.indices where copy.nodes[index].name == name { change(&copy.nodes[index]) }
        return copy
    }

    /// The graph after a change of one attention node.
    func changingAttention(_ name: String, _ change: (inout Attention) -> Void) -> Graph {
        changing(name) { node in
            guard var attention = node.attention else { return }
            change(&attention)
            node.operation = .attention(attention)
        }
    }

    /// The graph with other sources in one layer.
    func with(_ sources: [HeadSource], inLayer layer: Int) -> Graph {
        changingAttention("layers/\(layer)/attention") { $0.heads = sources }
    }
}

extension Attention {
    /// Self-attention whose heads share the width evenly and compute all maps.
    static func plain(width: Int, heads: Int) -> Attention {
        let size = width / heads
        return Attention(
            sizes: .init(inputWidth: width, outputWidth: width, headSize: size),
            scores: .init(scale: 1 / Float(size).squareRoot()),
            heads: [HeadSource](repeating: .computed, count: heads))
    }
}

/// A head of a layer of `Graph.encoder`.
func head(_ layer: Int, _ index: Int) -> HeadID { HeadID(node: "layers/\(layer)/attention", head: index) }

/// Problems that a throwing closure reports; empty when it succeeds.
func problems(_ body: () throws(GraphError) -> Void) -> [GraphError.Problem] {
    do {
        try body()
        return []
    } catch {
        return error.problems
    }
}
