import ModelGraph

extension Graph {
    /// Hidden states by the framework's name.
    package var stacks: [(name: String, values: [String])] {
        guard !encoderHiddenStates.isEmpty else { return hiddenStates.isEmpty ? [] : [("hidden_states", hiddenStates)] }
        return [("encoder_hidden_states", encoderHiddenStates), ("decoder_hidden_states", hiddenStates)]
    }

    /// Whether the model is one of Keras's own, whose maps are counted through whatever they look at.
    private var isOfKeras: Bool { outputs.contains { $0.name == "output" || $0.name.hasPrefix("output.") } }

    /// The framework's name of each attention node's maps.
    package var mapNames: [String: String] {
        guard !encoderHiddenStates.isEmpty, !isOfKeras else {
            return Dictionary(
                attentionNodes.enumerated().map { ($1.name, "attentions_\($0)") },
                uniquingKeysWith: { first, _ in first })
        }
        // What cross-attention looks at comes from the encoder, and so does everything that it is made of.
        var encoder = Set(
            attentionNodes.filter { $0.attention?.isCross == true }.compactMap { $0.inputs.dropFirst().first })
        for node in nodes.reversed() where encoder.contains(node.name) { encoder.formUnion(node.inputs) }
        var counts: [String: Int] = [:]
        var names: [String: String] = [:]
        for node in attentionNodes {
            let kind = node.attention?.isCross == true ? "cross" : encoder.contains(node.name) ? "encoder" : "decoder"
            names[node.name] = "\(kind)_attentions_\(counts[kind, default: 0])"
            counts[kind, default: 0] += 1
        }
        return names
    }
}
