import ModelGraph

extension Graph.Output {
    /// Which part of a selection the output belongs to, by the framework's name.
    var part: OutputSelection {
        if name.hasSuffix("hidden_state") || name.hasSuffix("hidden_states") { return .hidden }
        return name.contains("logits") ? .logits : .pooled
    }
}
