/// A graph that was found sound, with the shapes of its values: the form in which models, plans and savings hold one.
///
/// Its shapes are inferred once, when it is made. Sizes of one node are within `GraphLimit`: they may be multiplied
/// without checking. Properties of the graph are read as if they were its own; a changed graph is checked again.
@dynamicMemberLookup
package struct CheckedGraph: Sendable {
    /// The graph itself.
    package let graph: Graph
    /// Shape of every node's value, and of every input that the graph lays out itself.
    package let shapes: [String: ValueShape]

    /// - Parameter shapes: What `Graph.inferShapes` gave for this graph.
    fileprivate init(_ graph: Graph, shapes: [String: ValueShape]) {
        self.graph = graph
        self.shapes = shapes
    }

    package subscript<Member>(dynamicMember member: KeyPath<Graph, Member>) -> Member { graph[keyPath: member] }

    /// The node of a name.
    package func node(named name: String) -> Node? { graph.node(named: name) }

    /// Source of a head; `nil` when there is no such head.
    package func source(of id: HeadID) -> HeadSource? { graph.source(of: id) }

    /// Value handed out under a name.
    package func value(ofOutput name: String) -> String? { graph.value(ofOutput: name) }

    /// The graph after a change.
    ///
    /// - Throws: Every problem that the change brought.
    package func changed(by change: (inout Graph) -> Void) throws(GraphError) -> CheckedGraph {
        var result = graph
        change(&result)
        return try result.checked()
    }
}

extension Graph {
    /// The graph with its shapes, once names, shapes and the rules of reuse hold.
    ///
    /// The rules: a borrowed map belongs to a computed head of an earlier node or of the same node; both nodes have the
    /// same queries, keys and mask; where values of the graph hide keys, the only pattern is a query's own key; the
    /// first attention of each stack computes at least one map.
    ///
    /// - Throws: Every problem at once, each naming node and head.
    package func checked() throws(GraphError) -> CheckedGraph {
        let shapes = try inferShapes()
        let problems = problems(shapes)
        guard problems.isEmpty else { throw GraphError(problems) }
        return CheckedGraph(self, shapes: shapes)
    }
}

extension CheckedGraph: Hashable {
    package static func == (left: CheckedGraph, right: CheckedGraph) -> Bool { left.graph == right.graph }

    package func hash(into hasher: inout Hasher) { hasher.combine(graph) }
}

/// In documents it is the graph alone; reading one infers its shapes.
extension CheckedGraph: Codable {
    package init(from decoder: any Decoder) throws {
        let graph = try Graph(from: decoder)
        do throws(GraphError) {
            self = try graph.checked()
        } catch {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: error.description))
        }
    }

    package func encode(to encoder: any Encoder) throws { try graph.encode(to: encoder) }
}
