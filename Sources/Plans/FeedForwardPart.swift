import ModelGraph

/// A feed-forward part whose neurons can be left out one by one: one or two first matrices, functions of single
/// elements between, and a last matrix that joins the stream. A neuron is a column of each first matrix and a row of
/// the last one.
package struct FeedForwardPart: Sendable, Hashable {
    /// The node of the last matrix: what the part is called by.
    package let node: String
    /// The value that the last matrix reads, a column a neuron.
    package let features: String
    /// The nodes of the first matrices; of a gated part the gate's and the value's.
    package let firsts: [String]
    /// Neurons.
    package let width: Int
}

extension CheckedGraph {
    /// The feed-forward parts whose matrices are their own, in execution order.
    ///
    /// A part whose inner values something else reads, whose matrices other nodes share, or with a norm between its
    /// matrices is not among them: its neurons do not stand alone.
    package var feedForwardParts: [FeedForwardPart] {
        var readers: [String: [Node]] = [:]
        for node in graph.nodes { for input in Set(node.inputs) { readers[input, default: []].append(node) } }
        let nodes = Dictionary(graph.nodes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let open = Set(graph.outputs.map(\.value)).union(graph.hiddenStates).union(graph.encoderHiddenStates)
        let shared = graph.sharedParameters
        return graph.nodes.compactMap { last in
            guard case .linear(let linear) = last.operation, let features = last.inputs.first,
                last.isAlone(among: shared),
                // What joins no stream is a classifier's or a pooler's own.
                let joins = readers[last.name],
                joins.contains(where: { if case .add = $0.operation { true } else { false } }),
                let rows = shapes[features]?.rows, rows != .sequences
            else { return nil }
            var inside: Set<String> = [], firsts: [String] = []
            var pending = [features]
            while let name = pending.popLast() {
                guard inside.insert(name).inserted else { continue }
                guard let node = nodes[name], !open.contains(name), shapes[name] == shapes[features] else { return nil }
                switch node.operation {
                case .linear:
                    guard node.isAlone(among: shared) else { return nil }
                    firsts.append(name)
                case .activation, .gate, .multiply: pending += node.inputs
                default: return nil
                }
            }
            let isClosed = inside.allSatisfy { name in
                (readers[name] ?? []).allSatisfy { $0.name == last.name || inside.contains($0.name) }
            }
            guard isClosed, firsts.allSatisfy({ nodes[$0]?.inputs.allSatisfy { !inside.contains($0) } == true }) else {
                return nil
            }
            let order = graph.nodes.map(\.name).filter(Set(firsts).contains)
            return FeedForwardPart(node: last.name, features: features, firsts: order, width: linear.inputWidth)
        }
    }
}

extension Node {
    /// Whether the node's parameters are its own and in 32 bits.
    fileprivate func isAlone(among shared: Set<ParameterID>) -> Bool {
        ties.isEmpty && precisions.isEmpty && !operation.parameters.contains { shared.contains(parameterID($0.name)) }
    }
}

extension Graph {
    /// Narrows feed-forward parts to the neurons that a plan keeps.
    ///
    /// A part that has already as many neurons as a plan keeps of it is left alone: the plan of a converted model suits
    /// that model too.
    ///
    /// - Returns: What is wrong with the plan's entries; parts with such stay as they are.
    mutating func removeNeurons(
        _ entries: [ReusePlan.Neurons], from parts: [FeedForwardPart]
    ) -> [GraphError.Problem] {
        guard !entries.isEmpty else { return [] }
        var problems: [GraphError.Problem] = []
        var seen: Set<String> = []
        func report(_ subject: String, _ message: String) {
            problems.append(.init(kind: .plan, subject: subject, message: message))
        }
        for entry in entries {
            guard seen.insert(entry.node).inserted else {
                report(entry.node, "the plan lists the neurons of this node twice")
                continue
            }
            guard let part = parts.first(where: { $0.node == entry.node }) else {
                let names = parts.prefix(3).map(\.node).joined(separator: ", ")
                report(
                    entry.node,
                    "the model has no feed-forward part of this name whose neurons can be left out; "
                        + (names.isEmpty ? "it has none at all" : "it has \(names)\(parts.count > 3 ? " …" : "")"))
                continue
            }
            let kept = entry.kept
            if let problem = kept.firstProblem(below: entry.width) {
                report("\(entry.node).\(problem.index)", problem.message)
                continue
            }
            guard kept.count > 0 else {
                report(entry.node, "the plan keeps no neuron of this part: one at least must stay")
                continue
            }
            guard part.width != kept.count else { continue }
            guard part.width == entry.width else {
                report(
                    entry.node,
                    "the plan is for a part of \(entry.width) neurons, the model's has \(part.width)")
                continue
            }
            for index in nodes.indices {
                guard case .linear(var linear) = nodes[index].operation else { continue }
                if nodes[index].name == part.node { linear.inputWidth = kept.count }
                if part.firsts.contains(nodes[index].name) { linear.outputWidth = kept.count }
                nodes[index].operation = .linear(linear)
            }
        }
        return problems
    }
}

extension CheckedGraph {
    /// Each attention node with the last matrices of the feed-forward parts that follow it.
    package var attentionLayers: [[String]] {
        let parts = Set(feedForwardParts.map(\.node))
        return graph.nodes.reduce(into: []) { layers, node in
            if node.attention != nil { layers.append([node.name]) }
            guard parts.contains(node.name), !layers.isEmpty else { return }
            layers[layers.count - 1].append(node.name)
        }
    }
}
