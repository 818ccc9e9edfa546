import ModelGraph

extension Model {
    /// The model whose maps its framework reports, where that computes on another path when it is asked for them.
    ///
    /// Keras 3's attention without dropout takes the mean of all values for a query that sees nothing. Asked for its
    /// scores it takes a path on which such a query takes nothing, and what that adds to later layers' queries and keys
    /// shows in their maps. `nil`: the maps are those that the outputs are made with.
    package var reportingMaps: Model? {
        var nodes = graph.graph.nodes
        var isOther = false
        for index in nodes.indices {
            guard case .attention(var attention) = nodes[index].operation,
                let reported = attention.scores.masking?.reported
            else { continue }
            attention.scores.masking?.hiding = reported
            attention.scores.masking?.reported = nil
            nodes[index].operation = .attention(attention)
            isOther = true
        }
        guard isOther else { return nil }
        var changed = graph.graph
        changed.nodes = nodes
        guard let checked = try? changed.checked() else { return nil }
        var result = self
        result.graph = checked
        return result
    }
}
