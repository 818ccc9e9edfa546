import ModelGraph

/// The part of a graph that makes one value of another, and of nothing else that depends on an input: what is left to
/// do once the first value is there.
package struct GraphTail: Sendable {
    /// The nodes, in execution order.
    package let nodes: [Node]

    /// - Returns: `nil` where the part reads other values, maps or parameters of what stands before it.
    package init?(of graph: Graph, from start: String, to end: String) {
        guard start != end else { return nil }
        let part = Subgraph(of: graph, making: [end], from: [start], reducesOwners: false)
        guard part.known == [start], part.inputs.isEmpty, !part.nodes.contains(where: \.isOfBatches) else { return nil }
        nodes = part.nodes
    }

    /// The part as a graph of its own, whose one input is the value that it starts from.
    ///
    /// - Throws: Where the part does not stand alone.
    package func graph(in whole: CheckedGraph, from start: String, to end: String) throws(GraphError) -> CheckedGraph {
        guard let shape = whole.shapes[start] else {
            throw GraphError(.structure, start, "is no value of the graph")
        }
        let rows: RowSpace =
            switch shape.rows {
            case .sequences, .count: shape.rows
            case .tokens, .axis: .axis(.init("rows"))
            }
        return try Graph(
            inputs: [start], inputLayouts: [start: InputLayout(rows: rows, width: shape.width)], nodes: nodes,
            outputs: [.init(name: "output", value: end)], hiddenStates: [], use: whole.graph.use
        ).checked()
    }
}

extension Node {
    /// Whether the node looks at the place of a sequence in its batch: those that go on have other places.
    package var isOfBatches: Bool {
        if case .table(let table) = operation { table.sequences != nil } else { false }
    }
}

extension Model {
    /// The part of the model that makes one value of another, as a model whose input is the first value.
    ///
    /// - Throws: Where there is no such part (`GraphTail`).
    package func tail(from start: String, to end: String) throws(GraphError) -> Model {
        guard let tail = GraphTail(of: graph.graph, from: start, to: end) else {
            throw GraphError(.structure, end, "is made of more than \"\(start)\"")
        }
        let names = Set(tail.nodes.map(\.name))
        return Model(
            graph: try tail.graph(in: graph, from: start, to: end),
            tensors: tensors.filter { names.contains($0.key.node) }, provenance: provenance)
    }
}
