/// What an output holds, as far as the operation that gives it tells.
package enum OutputKind: Sendable, Hashable {
    /// Probabilities of classes.
    case classes
    /// Numbers as they are: a regression's, a forecast's.
    case numbers
    /// Hidden states or embeddings.
    case states
}

extension CheckedGraph {
    /// The outputs that hold numbers, of models that give some.
    package var numberOutputs: [Graph.Output] {
        graph.outputs.filter { output in
            let isOwn = output.name.hasPrefix("output") || output.name.contains("logits")
            guard isOwn, graph.use == .numbers || output.value != graph.predictions else { return false }
            guard graph.use == .numbers || graph.use == .classifier && output.name.hasPrefix("output.") else {
                return false
            }
            return graph.kind(of: output.value, shapes) == .numbers
        }
    }
}

extension Graph {
    /// What a value holds: told from the last operation that does more than move numbers about.
    ///
    /// - Parameter shapes: Shapes of all values.
    package func kind(of value: String, _ shapes: [String: ValueShape]) -> OutputKind {
        var name = value
        while let node = node(named: name) {
            switch node.operation {
            case .softmax, .activation(.sigmoid): return .classes
            case .linear, .activation, .affine, .convolution: return .numbers
            case .add, .multiply: return shapes[name]?.rows == .sequences ? .numbers : .states
            case .slice, .rearrange, .concatenate, .round, .exit:
                guard let input = node.inputs.first else { return .states }
                name = input
            default: return .states
            }
        }
        return .states
    }
}
