import ModelGraph

/// The part of a graph that makes some values of others that are known already.
///
/// What stands before the known values is left out. An attention node that is needed for maps alone keeps the heads
/// whose maps are read, and nothing else.
package struct Subgraph: Sendable {
    /// The nodes, in execution order; owners of tied parameters among them, though nobody reads their values.
    package let nodes: [Node]
    /// Known values that are read.
    package let known: Set<String>
    /// Inputs of the whole graph that are read.
    package let inputs: Set<String>
    /// Nodes that have fewer heads than in the whole graph.
    package let reduced: Set<String>

    /// - Parameters:
    ///   - targets: Names of nodes whose values, maps or contexts are wanted.
    ///   - known: Values that need not be computed. Those of nodes that are needed for something else are computed.
    ///   - reducesOwners: Whether attention nodes that are needed for maps alone lose their other heads.
    package init(of graph: Graph, making targets: Set<String>, from known: Set<String>, reducesOwners: Bool) {
        var known = known
        var owners: Set<String> = []
        var walk = Walk(graph, targets: targets, known: known, owners: owners, reducesOwners: reducesOwners)
        // A node that owns what others are tied to, or whose maps are read, is there whether its value is known or not.
        while true {
            let more = walk.owners.union(owners), clashes = known.intersection(walk.nodes.map(\.name))
            guard more != owners || !clashes.isEmpty else { break }
            owners = more
            known.subtract(clashes)
            walk = Walk(graph, targets: targets, known: known, owners: owners, reducesOwners: reducesOwners)
        }
        nodes = walk.nodes.reversed()
        self.known = known.intersection(walk.values)
        inputs = walk.values.intersection(graph.inputs)
        reduced = walk.reduced
    }

    /// One walk against the order of execution.
    private struct Walk {
        /// Needed nodes, last one first.
        var nodes: [Node] = []
        /// Values that they read, or that are wanted.
        var values: Set<String>
        /// Owners of parameters that they are tied to.
        var owners: Set<String> = []
        var reduced: Set<String> = []
        /// Heads whose maps are read, by node.
        private var heads: [String: Set<Int>] = [:]

        init(_ graph: Graph, targets: Set<String>, known: Set<String>, owners: Set<String>, reducesOwners: Bool) {
            values = targets
            let tied = Set(graph.nodes.flatMap { $0.ties.values.map(\.parameter.node) })
            for node in graph.nodes.reversed() {
                let isRead = values.contains(node.name) && !known.contains(node.name)
                let heads = heads[node.name] ?? []
                guard isRead || !heads.isEmpty || owners.contains(node.name) else { continue }
                if !isRead, reducesOwners, !tied.contains(node.name), let less = node.computing(only: heads) {
                    if less != node { reduced.insert(node.name) }
                    add(less)
                } else {
                    add(node)
                }
            }
        }

        private mutating func add(_ node: Node) {
            nodes.append(node)
            values.formUnion(node.inputs)
            owners.formUnion(node.ties.values.map(\.parameter.node))
            for case .head(let id) in (node.attention?.heads ?? []).flatMap(\.terms).map(\.map) {
                heads[id.node, default: []].insert(id.head)
            }
        }
    }

    /// The part as a graph of its own, whose inputs are those of the whole and the known values.
    ///
    /// - Parameter outputs: What it hands out.
    /// - Throws: Where the part does not stand alone: rows of known values lie along an axis that others, which are
    ///   computed, change as they go.
    package func graph(in whole: CheckedGraph, outputs: [Graph.Output]) throws(GraphError) -> CheckedGraph {
        var inputs = whole.graph.inputs
        var layouts = whole.graph.inputLayouts
        for name in known.sorted() {
            guard let shape = whole.shapes[name] else { throw GraphError(.structure, name, "is no value of the graph") }
            var rows = shape.rows
            // Inputs lie along plain axes.
            if case .axis(let axis) = rows, !axis.steps.isEmpty { rows = .axis(.init("rows \(axis)")) }
            inputs.append(name)
            layouts[name] = InputLayout(rows: rows, width: shape.width)
        }
        return try Graph(
            inputs: inputs, inputLayouts: layouts, nodes: nodes, outputs: outputs, hiddenStates: [],
            use: whole.graph.use
        ).checked()
    }
}

extension Node {
    /// An attention node that computes the maps of some of its heads and has no others; `nil` where its heads cannot be
    /// taken apart.
    fileprivate func computing(only wanted: Set<Int>) -> Node? {
        guard var attention, ties.isEmpty, precisions.isEmpty, attention.headNorm == nil else { return nil }
        for head in attention.heads.indices where !wanted.contains(head) { attention.heads[head] = .dropped }
        var result = self
        result.operation = .attention(attention)
        return result
    }
}
