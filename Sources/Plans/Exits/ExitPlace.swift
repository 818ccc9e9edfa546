import ModelGraph

/// A place behind which inputs may leave: a value that all that follows is made of.
package struct ExitPlace: Sendable, Hashable {
    /// Name of the value.
    package let after: String
    /// Attention layers that stand before it.
    package let layers: Int
}

/// What stands between a stack of layers and its scores: what exits repeat.
package struct ExitHead: Sendable {
    /// The stream behind the last layer.
    package let stream: String
    /// The first value with one row a sequence: an exit's image is one of it.
    package let pooled: String
    /// The scores.
    package let scores: String
    /// From the stream to the pooled value, the latter included.
    package let pooling: [Node]
    /// From the pooled value to the scores.
    package let scoring: [Node]
    /// Width of the pooled value.
    package let width: Int

    /// The widest pooled value that an image is fitted of.
    private static let widest = 4096

    /// - Returns: What forbids exits, in words.
    package static func make(of graph: CheckedGraph) -> Result<ExitHead, ExitProblem> {
        guard graph.use == .classifier || graph.use == .numbers else {
            return .failure(
                .init(
                    graph.use == .languageModel
                        ? "the model continues texts, and later tokens look at all layers of earlier ones"
                        : "the model scores no classes, so nothing tells whether an input may leave"))
        }
        guard graph.graph.encoderHiddenStates.isEmpty, let scores = graph.graph.predictions,
            let shape = graph.shapes[scores], shape.rows == .sequences, shape.width > 1
        else { return .failure(.init("the model gives no scores of several classes for a whole input")) }
        let cuts = graph.cuts(before: scores)
        guard let pooled = cuts.first(where: { graph.shapes[$0]?.rows == .sequences }),
            let width = graph.shapes[pooled]?.width, width <= widest,
            let scoring = GraphTail(of: graph.graph, from: pooled, to: scores)
        else { return .failure(.init("its scores are not made of one row a sequence of at most \(widest) numbers")) }
        // Norms and what else takes each row alone go with the head: an exit needs them too.
        let rows = cuts.prefix { $0 != pooled }
        var stream: String?
        for name in rows.reversed() {
            guard let tail = GraphTail(of: graph.graph, from: name, to: pooled), tail.nodes.allSatisfy(\.isOfHead)
            else { break }
            stream = name
        }
        guard let stream, let pooling = GraphTail(of: graph.graph, from: stream, to: pooled) else {
            return .failure(.init("its scores are not made of the rows behind its last layer alone"))
        }
        return .success(
            ExitHead(
                stream: stream, pooled: pooled, scores: scores, pooling: pooling.nodes, scoring: scoring.nodes,
                width: width))
    }
}

/// Why a model has no exits, in words.
package struct ExitProblem: Error, Sendable {
    package let text: String

    init(_ text: String) { self.text = text }
}

extension CheckedGraph {
    /// Values that everything behind them on the way to a value is made of, in execution order.
    fileprivate func cuts(before end: String) -> [String] {
        graph.nodes.map(\.name).filter { name in
            name != end && GraphTail(of: graph, from: name, to: end) != nil
        }
    }

    private static var mostNodes: Int { 4096 }

    /// Where inputs may leave, first to last: behind each layer but the last, where all that follows is made of what
    /// that layer leaves.
    ///
    /// - Throws: `ExitProblem` where there is no such place.
    package func exitPlaces() throws(ExitProblem) -> (head: ExitHead, places: [ExitPlace]) {
        // Each value is looked at with all that follows: a graph from a file may have tens of thousands.
        guard graph.nodes.count <= Self.mostNodes else {
            throw ExitProblem("the model has \(graph.nodes.count) nodes; exits are looked for in \(Self.mostNodes)")
        }
        let head = try ExitHead.make(of: self).get()
        guard graph.exits.isEmpty else { throw ExitProblem("the model has exits already: give its source") }
        let order = Dictionary(uniqueKeysWithValues: graph.nodes.enumerated().map { ($1.name, $0) })
        let last = order[head.stream] ?? 0
        let cuts = cuts(before: head.scores).filter {
            (order[$0] ?? 0) < last && shapes[$0] == shapes[head.stream]
        }
        var places: [ExitPlace] = []
        for (layers, node) in graph.attentionNodes.enumerated().dropFirst() {
            let before = order[node.name] ?? 0
            guard let value = cuts.last(where: { (order[$0] ?? 0) < before }), value != places.last?.after,
                (order[value] ?? 0) > (order[graph.attentionNodes[0].name] ?? 0)
            else { continue }
            places.append(ExitPlace(after: value, layers: layers))
        }
        guard !places.isEmpty else {
            throw ExitProblem(
                "no layer can be left: later ones read maps, weights or values of earlier ones, or there is one layer")
        }
        return (head, places)
    }
}

extension Node {
    /// Whether the node may stand between a stack and its pooled rows.
    fileprivate var isOfHead: Bool {
        switch operation {
        case .norm, .affine, .activation, .round, .pooling, .slice, .rearrange, .softmax: true
        default: false
        }
    }
}
