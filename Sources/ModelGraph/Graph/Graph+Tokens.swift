extension Graph {
    /// The first node that matches tokens so that they are merged; `nil` for a model that merges none.
    package var firstMatching: Node? {
        nodes.first { if case .matching = $0.operation { true } else { false } }
    }

    /// Nodes at which inputs may leave, first to last.
    package var exits: [Node] {
        // What an exit goes on with stands before it: the rest of the model, later exits among it.
        nodes.reversed().filter { if case .exit = $0.operation { true } else { false } }
    }
}
