import ModelGraph

/// The layers of a model as people count them: those of its encoder, and those of its decoder. In a decoder the
/// attention to the encoder is a part of a layer, not one of its own.
package struct LayerStacks: Sendable, Hashable {
    /// Some layers that follow one another.
    package struct Stack: Sendable, Hashable {
        /// What people call it; `nil` where there is no other.
        package let name: String?
        /// Its layers.
        package let layers: Int
    }

    /// The stacks, in execution order.
    package let stacks: [Stack]

    /// An encoder is what cross-attention looks at, wherever it has attention of its own.
    ///
    /// - Parameter linear: Nodes whose attention one matrix stands in for: layers they are all the same.
    package init(of graph: CheckedGraph, linear: Set<String> = []) {
        let layers = graph.nodes.filter { $0.attention != nil || linear.contains($0.name) }
        let cross = layers.filter { $0.attention?.isCross == true }
        let before = graph.graph.ancestors(of: cross.compactMap { $0.inputs.dropFirst().first })
        let encoder = layers.filter { before.contains($0.name) }
        let decoder = layers.filter { !before.contains($0.name) }
        // Streams that look at each other are neither.
        guard !encoder.contains(where: { $0.attention?.isCross == true }) else {
            stacks = [Stack(name: nil, layers: layers.count)]
            return
        }
        let seeing = decoder.count { $0.attention?.isCross == true }
        let count = max(seeing, decoder.count - seeing)
        stacks =
            encoder.isEmpty
            ? [Stack(name: nil, layers: count)]
            : [Stack(name: "encoder", layers: encoder.count), Stack(name: "decoder", layers: count)]
    }

    /// All layers.
    package var count: Int { stacks.reduce(0) { $0 + $1.layers } }

    /// `12 layers`, or `4 encoder layers, 4 decoder layers`.
    package var text: String { Self.text(stacks.map { ($0.name, $0.layers) }) }

    /// Numbers of layers in words, by the names of their stacks.
    package static func text(_ stacks: [(name: String?, layers: Int)]) -> String {
        stacks.map { name, layers in
            "\(layers) " + (name.map { $0 + " " } ?? "") + (layers == 1 ? "layer" : "layers")
        }.joined(separator: ", ")
    }
}

extension Graph {
    /// Nodes that values are made of, those of the values included.
    fileprivate func ancestors(of values: [String]) -> Set<String> {
        var result = Set(values)
        // Nodes stand in execution order: what reads a value stands behind it.
        for node in nodes.reversed() where result.contains(node.name) { result.formUnion(node.inputs) }
        return result
    }
}
