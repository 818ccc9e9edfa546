import ModelGraph

extension CheckedGraph {
    /// Rows that the queries and keys of maps stand for: maps of different ones have memory of their own.
    struct MapExtent: Hashable {
        let queries, keys: RowSpace
    }

    /// The largest number of maps that must be alive at once because another head reads them.
    ///
    /// A map lives from its own node to the last node that reads it from memory.
    package var liveMaps: Int { liveMapsByExtent.values.reduce(0, sum) }

    /// Bytes of these maps, for one sequence of `tokens` tokens in float32.
    func liveMapBytes(tokens: Int) -> Int {
        liveMapsByExtent.reduce(0) { total, maps in
            let (queries, keys) = (maps.key.queries.rows(tokens: tokens), maps.key.keys.rows(tokens: tokens))
            return sum(total, product(maps.value, queries, keys, 4))
        }
    }

    private var liveMapsByExtent: [MapExtent: Int] {
        let nodes = graph.attentionNodes
        var lastReader: [HeadID: Int] = [:]
        for (index, node) in nodes.enumerated() {
            for id in node.mapsReadFromMemory { lastReader[id] = index }
        }
        // By extent: maps that begin to live at a node, less those that no later node reads.
        var changes: [MapExtent: [Int]] = [:]
        for (first, node) in nodes.enumerated() {
            guard let extent = mapExtent(of: node) else { continue }
            for head in node.attention?.heads.indices ?? 0..<0 {
                guard let last = lastReader[HeadID(node: node.name, head: head)], first <= last else { continue }
                var change = changes[extent] ?? Array(repeating: 0, count: nodes.count + 1)
                change[first] += 1
                change[last + 1] -= 1
                changes[extent] = change
            }
        }
        return changes.mapValues { change in
            var alive = 0, most = 0
            for step in change {
                alive += step
                most = max(most, alive)
            }
            return most
        }
    }

    /// What the queries and keys of an attention node's maps are rows of.
    func mapExtent(of node: Node) -> MapExtent? {
        guard let queries = shapes[node.name]?.rows else { return nil }
        let memory = node.attention?.isCross == true ? node.inputs.dropFirst().first.flatMap { shapes[$0]?.rows } : nil
        return MapExtent(queries: queries, keys: memory ?? queries)
    }
}
