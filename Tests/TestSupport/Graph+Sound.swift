import ModelGraph

extension Graph {
    /// The graph, checked, of a test that knows it to be sound.
    package var sound: CheckedGraph {
        do { return try checked() } catch { preconditionFailure("a test's graph is not sound: \(error)") }
    }
}
