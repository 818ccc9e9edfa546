import ModelGraph

extension CheckedGraph {
    /// The graph with a plan's sources, chains resolved to their roots. Tensors are not touched. Attention nodes that
    /// shared a parameter share it where they still need the same heads of it.
    ///
    /// A term that names a head which borrows itself is replaced by that head's terms; equal terms are merged.
    ///
    /// - Throws: Every way in which the plan does not fit this graph or breaks a rule of reuse.
    package func applying(_ plan: ReusePlan) throws(GraphError) -> CheckedGraph {
        let (layers, repeated) = try plan.layersByNode()
        var problems = repeated
        var result = graph
        var resolved: [HeadID: [MapTerm]] = [:]
        var unused = Set(layers.keys)
        for (index, node) in graph.nodes.enumerated() {
            guard var attention = node.attention else { continue }
            guard let layer = layers[node.name] else {
                let message = "the plan says nothing about this attention node"
                problems.append(.init(kind: .plan, subject: node.name, message: message))
                continue
            }
            unused.remove(node.name)
            guard layer.heads.count == attention.heads.count else {
                let message = "the plan has \(layer.heads.count) heads, the model \(attention.heads.count)"
                problems.append(.init(kind: .plan, subject: node.name, message: message))
                continue
            }
            attention.heads = resolving(layer, resolved: &resolved)
            result.nodes[index].operation = .attention(attention)
            // Matrices that nobody needs any more have no precision.
            let matrices = Set(result.nodes[index].operation.matrices.map(\.name))
            result.nodes[index].precisions = node.precisions.filter { matrices.contains($0.key) }
        }
        let matrices = Set(plan.linear.map(\.node))
        for layer in plan.layers where unused.contains(layer.node) {
            // The plan of a converted model speaks of heads that a matrix stands in for by now.
            if matrices.contains(layer.node), graph.node(named: layer.node) != nil { continue }
            let message = "the model has no attention node of this name"
            problems.append(.init(kind: .plan, subject: layer.node, message: message))
        }
        problems += result.makeLinear(plan.linear, of: self)
        problems += result.narrowQueries(plan.ranks, of: self, besides: matrices)
        problems += result.removeNeurons(plan.neurons, from: feedForwardParts)
        result.retie(from: graph)
        problems += result.mergeTokens(plan.tokens, of: self)
        problems += result.addExits(plan.exits)
        // A layer that is missing keeps what it has, so that the rules of reuse are held against all others.
        let checked: CheckedGraph
        do throws(GraphError) {
            checked = try result.checked()
        } catch {
            throw GraphError(problems + error.problems.causedByPlan)
        }
        guard problems.isEmpty else { throw GraphError(problems) }
        return checked
    }

    /// Sources of a layer's heads with chains resolved; `resolved` holds the terms of all borrowing heads so far.
    private func resolving(_ layer: ReusePlan.Layer, resolved: inout [HeadID: [MapTerm]]) -> [HeadSource] {
        var sources = layer.heads.map(\.source)
        for (head, source) in sources.enumerated() where !source.terms.isEmpty {
            resolved[HeadID(node: layer.node, head: head)] = source.terms
        }
        // Heads of one node may stand in any order, and a chain has at most as many links as there are heads. Heads
        // that borrow from each other in a circle never come to an end: validation names them.
        for _ in sources.indices {
            let before = sources
            for (head, source) in sources.enumerated() {
                guard case .borrowed(let terms) = source else { continue }
                let roots = terms.rooted(in: resolved)
                sources[head] = .borrowed(roots)
                resolved[HeadID(node: layer.node, head: head)] = roots
            }
            if sources == before { break }
        }
        return sources
    }
}

extension [GraphError.Problem] {
    /// What a plan did to a graph that was sound: the first break of its structure, from which all others follow, and
    /// what stands beside it.
    fileprivate var causedByPlan: [GraphError.Problem] {
        let first = firstIndex { $0.kind == .structure }
        return indices.compactMap { index in
            guard self[index].kind == .structure else { return self[index] }
            return index == first
                ? .init(kind: .plan, subject: self[index].subject, message: self[index].message) : nil
        }
    }
}

extension ReusePlan {
    /// Layers by the name of their node, the last one where a node is listed twice, which is a problem.
    ///
    /// - Throws: For a version that we don't know.
    fileprivate func layersByNode() throws(GraphError) -> ([String: Layer], [GraphError.Problem]) {
        guard version == Self.currentVersion else {
            throw GraphError(
                .plan, "plan", "has version \(version), this program reads version \(Self.currentVersion)")
        }
        var result: [String: Layer] = [:]
        var problems: [GraphError.Problem] = []
        for layer in layers where result.updateValue(layer, forKey: layer.node) != nil {
            problems.append(
                .init(kind: .plan, subject: layer.node, message: "the plan lists this attention node twice"))
        }
        return (result, problems)
    }
}

extension [MapTerm] {
    /// The terms with every head that borrows itself replaced by what it borrows, and equal maps summed.
    fileprivate func rooted(in resolved: [HeadID: [MapTerm]]) -> [MapTerm] {
        var result: [MapTerm] = []
        var positions: [MapReference: Int] = [:]
        for term in self {
            var parts = [term]
            if case .head(let id) = term.map, let inner = resolved[id] {
                parts = inner.map { MapTerm(weight: $0.weight * term.weight, map: $0.map) }
            }
            for part in parts {
                if let position = positions[part.map] {
                    result[position].weight += part.weight
                } else {
                    positions[part.map] = result.count
                    result.append(part)
                }
            }
        }
        return result
    }
}
