import ModelGraph
import Platform

/// The layers whose maps a plan may replace; heads of the others still lend theirs.
///
/// A layer is named as `ModelInspection` names it: by its attention node (`layer_3/attention`), by what stands before
/// it (`layer_3`, `decoder/layer_0`: all attention nodes below), or by its number in execution order, from 0 on.
public struct LayerSelection: Sendable, Hashable {
    /// Layers whose maps all stay.
    public var kept: [String]
    /// Where there are any: the layers whose maps may go.
    public var only: [String]

    /// - Parameters:
    ///   - kept: Layers whose maps all stay.
    ///   - only: Where there are any, the layers whose maps may go.
    public init(keeping kept: [String] = [], only: [String] = []) {
        self.kept = kept
        self.only = only
    }

    /// Every layer.
    public static let all = LayerSelection()

    /// The attention nodes of a graph that stay as they are.
    ///
    /// - Throws: `.usage` for a layer that the model does not have.
    package func keptNodes(of graph: CheckedGraph) throws(TransformerError) -> Set<String> {
        let nodes = graph.attentionNodes.map(\.name)
        var result: Set<String> = []
        for name in kept { result.formUnion(try Self.nodes(of: name, among: nodes)) }
        guard !only.isEmpty else { return result }
        var open: Set<String> = []
        for name in only { open.formUnion(try Self.nodes(of: name, among: nodes)) }
        return result.union(Set(nodes).subtracting(open))
    }

    private static func nodes(of name: String, among nodes: [String]) throws(TransformerError) -> [String] {
        if let number = Int(name), nodes.indices.contains(number) { return [nodes[number]] }
        let found = nodes.filter { $0 == name || $0.hasPrefix(name + "/") }
        guard found.isEmpty else { return found }
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
