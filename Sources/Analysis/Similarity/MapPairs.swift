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
    /// Whether a head's map is causal.
    package let isCausal: [Bool]

    package init(_ graph: Graph) {
        let nodes = graph.attentionNodes
        let shapes = (try? graph.inferShapes()) ?? [:]
        var heads: [HeadID] = [], kinds: [MapKind] = [], order: [Int] = [], causal: [Bool] = []
        for (index, node) in nodes.enumerated() {
            for head in node.attention?.computedHeads ?? [] {
                heads.append(HeadID(node: node.name, head: head))
                kinds.append(MapKind(node, shapes))
                order.append(index)
                causal.append(node.attention?.mask.isCausal ?? false)
            }
        }
        self.heads = heads
        isCausal = causal
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
}
