/// What a reader calls the attention layers of a model, in execution order.
///
/// `layer 3` where a model has one stack of them; `5 · decoder 0 cross` where it has several: sources of maps are
/// written by the first number (`L5H2`), the rest says where the layer stands.
package struct LayerNames: Sendable {
    /// `3`, or `5 · decoder 0 cross`: for a column that is headed "layer".
    package let brief: [String]
    /// `layer 3`, or `5 · decoder 0 cross`.
    package let full: [String]

    /// - Parameter nodes: Nodes of the graph: `layer_3/attention`, `decoder/layer_0/cross`.
    package init(_ nodes: [String]) {
        let places = nodes.map(Self.place)
        brief = places.enumerated().map { row, place in place.map { "\(row) · \($0)" } ?? "\(row)" }
        full = zip(places, brief).map { place, brief in place == nil ? "layer \(brief)" : brief }
    }

    /// Stack, number in it and kind of attention, where the node tells them.
    private static func place(_ node: String) -> String? {
        let parts = node.split(separator: "/")
        guard parts.count == 3, parts[1].hasPrefix("layer_") else { return nil }
        let kind = parts[2] == "attention" ? "" : " \(parts[2])"
        return "\(parts[0]) \(parts[1].dropFirst("layer_".count))\(kind)"
    }

    /// Room that a name takes in a drawing.
    static func width(_ names: some Sequence<String>) -> Double { Double(names.map(\.count).max() ?? 0) * 6.4 }
}
