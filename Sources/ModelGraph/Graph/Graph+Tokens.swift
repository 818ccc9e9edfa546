extension Graph {
    /// The first node that matches tokens so that they are merged; `nil` for a model that merges none.
    package var firstMatching: Node? {
        nodes.first { if case .matching = $0.operation { true } else { false } }
    }
}
