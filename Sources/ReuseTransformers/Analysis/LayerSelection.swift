import ModelGraph
import Plans
import Platform

/// The layers that a plan may change; heads of the others still lend their maps.
///
/// A layer is named as `ModelInspection` names it: by its attention node (`layer_3/attention`: its maps alone) or the
/// last matrix of its feed-forward part (`layer_3/down`: its neurons alone), by what stands before them (`layer_3`,
/// `decoder/layer_0`: all below), or by its number in execution order, from 0 on.
public struct LayerSelection: Sendable, Hashable {
    /// Layers that stay as they are.
    public var kept: [String]
    /// Where there are any: the layers that may be changed.
    public var only: [String]

    /// - Parameters:
    ///   - kept: Layers that stay as they are.
    ///   - only: Where there are any, the layers that may be changed.
    public init(keeping kept: [String] = [], only: [String] = []) {
        self.kept = kept
        self.only = only
    }

    /// Every layer.
    public static let all = LayerSelection()

    /// The attention nodes of a graph that stay as they are, and the last matrices of feed-forward parts.
    ///
    /// - Throws: `.usage` for a layer that the model does not have.
    package func keptNodes(of graph: CheckedGraph) throws(TransformerError) -> Set<String> {
        let layers = graph.attentionLayers
        var result: Set<String> = []
        for name in kept { result.formUnion(try Self.nodes(of: name, among: layers)) }
        guard !only.isEmpty else { return result }
        var open: Set<String> = []
        for name in only { open.formUnion(try Self.nodes(of: name, among: layers)) }
        return result.union(Set(layers.joined()).subtracting(open))
    }

    private static func nodes(of name: String, among layers: [[String]]) throws(TransformerError) -> [String] {
        if let number = Int(name), layers.indices.contains(number) { return layers[number] }
        let nodes = layers.compactMap(\.first)
        if layers.joined().contains(name) { return [name] }
        let found = layers.filter { $0.first?.hasPrefix(name + "/") == true }.joined()
        guard found.isEmpty else { return Array(found) }
        // Names of layers, without what all of them end with.
        let layers = nodes.map { node in
            node.lastIndex(of: "/").map { String(node[..<$0]) } ?? node
        }
        let near = nearestName(to: name, among: layers + nodes)
        throw TransformerError(
            .usage,
            "the model has no layer \"\(name.printable)\""
                + (near.map { "; did you mean \"\($0)\"?" }
                    ?? "; it has \(nodes.count), from 0 (\(nodes.first ?? "none")) to \(nodes.last ?? "none")"))
    }
}
