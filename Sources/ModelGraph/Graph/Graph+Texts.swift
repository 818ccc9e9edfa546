extension Graph {
    /// Whether the model reads a text: its token ids are an input that the graph does not lay out itself.
    package var readsText: Bool { inputs.contains("input_ids") && inputLayouts["input_ids"] == nil }

    /// Embeddings that a text's token ids are looked up in; others hold ids that the graph lays out itself.
    package var textEmbeddings: [Embedding] {
        nodes.compactMap { node in
            guard case .embedding(let embedding) = node.operation, let input = node.inputs.first,
                inputLayouts[input] == nil
            else { return nil }
            return embedding
        }
    }

    /// The value whose rows are a text's last hidden states, of an encoder–decoder the target's; `nil` for models that
    /// hand none out.
    package var lastHiddenState: String? { value(ofOutput: "last_hidden_state") ?? hiddenStates.last }
}
