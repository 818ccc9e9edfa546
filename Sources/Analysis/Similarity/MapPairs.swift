import ModelGraph

/// The heads of a model that compute maps, and which of them may stand in for which.
package struct MapPairs: Sendable {
    /// Computed heads in execution order.
    package let heads: [HeadID]
    /// For each head the earlier ones (indices into `heads`) whose map has the same queries, keys and mask: heads of
    /// earlier nodes and all other heads of its own node.
    package let candidates: [[Int]]
    /// Pairs (later, earlier) whose similarity is measured: each unordered pair once.
    package let pairs: [(later: Int, earlier: Int)]
    package init(_ graph: CheckedGraph) {
        let nodes = graph.attentionNodes
        var heads: [HeadID] = [], kinds: [MapKind] = [], order: [Int] = []
        for (index, node) in nodes.enumerated() {
            for head in node.attention?.computedHeads ?? [] {
                heads.append(HeadID(node: node.name, head: head))
                kinds.append(MapKind(node, graph.shapes))
                order.append(index)
            }
        }
        self.heads = heads
        candidates = heads.indices.map { later in
            heads.indices.filter { $0 != later && order[$0] <= order[later] && kinds[$0] == kinds[later] }
        }
        pairs = heads.indices.flatMap { later in
            heads.indices.filter { $0 < later && kinds[$0] == kinds[later] }.map { (later, $0) }
        }
    }

    /// Names of the attention nodes that own the heads, in execution order.
    package var nodes: [String] {
        heads.reduce(into: []) { names, head in if names.last != head.node { names.append(head.node) } }
    }

    /// Which rows of each node's maps count.
    func rules(_ graph: CheckedGraph) -> [String: QueryRows] {
        Dictionary(
            nodes.compactMap { name in QueryRows(graph, node: name).map { (name, $0) } },
            uniquingKeysWith: { first, _ in first })
    }
}

/// The axes of an attention node's maps.
struct MapSpaceRows: Sendable, Hashable {
    let queries: RowSpace
    let keys: RowSpace
}

extension CheckedGraph {
    /// The axes of each attention node's maps.
    var mapSpaces: [String: MapSpaceRows] {
        var result: [String: MapSpaceRows] = [:]
        for node in graph.attentionNodes {
            guard let queries = shapes[node.name]?.rows else { continue }
            let memory = node.attention?.isCross == true ? node.inputs.dropFirst().first : nil
            result[node.name] = MapSpaceRows(queries: queries, keys: memory.flatMap { shapes[$0]?.rows } ?? queries)
        }
        return result
    }
}
