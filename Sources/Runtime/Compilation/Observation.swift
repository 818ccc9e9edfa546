import ModelGraph

/// What a compiled model hands out. Everything else may be fused away or overwritten.
package struct Observation: Sendable, Hashable {
    /// Graph values by node name; of inputs those that the graph lays out itself, other than masks of pairs.
    package var values: Set<String>
    /// Attention nodes whose maps are kept, all heads, borrowed and blended ones included.
    package var maps: Set<String>
    /// Attention nodes whose contexts (maps times values, before the output projection) are kept.
    package var contexts: Set<String>

    package init(values: Set<String> = [], maps: Set<String> = [], contexts: Set<String> = []) {
        self.values = values
        self.maps = maps
        self.contexts = contexts
    }

    /// All values that the graph hands out under a name.
    package static func outputs(of graph: CheckedGraph) -> Observation {
        Observation(values: Set(graph.outputs.map(\.value)))
    }
}
