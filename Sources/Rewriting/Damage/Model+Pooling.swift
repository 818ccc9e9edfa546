import ModelGraph

extension Model {
    /// The model with an embedding that is made by a pooling of its last hidden states: what a user says of a model
    /// whose files do not say it, or say otherwise. Weights and everything before stay as they are.
    ///
    /// - Parameter pooling: How rows become one; `nil`: as the model's files say.
    /// - Throws: `AnalysisError.mismatch` for a model without hidden states, and where the model's own layers behind
    ///   the pooling do not take such rows.
    package func pooled(by pooling: Pooling?) throws(AnalysisError) -> Model {
        guard let pooling else { return self }
        var result = self
        do throws(GraphError) {
            try graph.graph.requirePooling(pooling)
            result.graph =
                if graph.embedding != nil {
                    try graph.graph.embedding(pooling: pooling, normalizes: nil).checked()
                } else {
                    try graph.addingEmbedding(pooling)
                }
        } catch {
            throw .mismatch("the model does not make embeddings by \(pooling.rawValue) pooling: \(error)")
        }
        return result
    }
}

extension CheckedGraph {
    /// The graph with a pooling of the last hidden states as its embedding.
    fileprivate func addingEmbedding(_ pooling: Pooling) throws(GraphError) -> CheckedGraph {
        guard let states = graph.lastHiddenState, let rows = shapes[states]?.rows, rows != .sequences else {
            throw GraphError(.plan, "embedding", "the model has no hidden states to pool")
        }
        let mask = pooling.takesMask ? rowMasks[rows] : nil
        let name = Graph.embeddingOutput + "/pooling"
        return try changed { graph in
            graph.nodes.append(
                Node(name: name, operation: .pooling(pooling), inputs: [states] + (mask.map { [$0] } ?? [])))
            // In front: what a model predicts may be told from its last output.
            graph.outputs.insert(.init(name: Graph.embeddingOutput, value: name), at: 0)
        }
    }
}
