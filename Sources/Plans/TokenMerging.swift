import ModelGraph

extension CheckedGraph {
    /// Why tokens of this model cannot be merged; `nil` where they can.
    ///
    /// What a model is used for has to be one row a sequence: whoever wants something of each token needs each token.
    package var problemOfMerging: String? {
        let isCross = graph.attentionNodes.contains { $0.attention?.isCross == true }
        if isCross || !graph.encoderHiddenStates.isEmpty {
            return "the model has an encoder and a decoder, which looks at every token of the other"
        }
        let used: String?
        switch graph.use {
        case .languageModel, .maskedLanguageModel: return "the model predicts something for each token"
        case .encoder:
            used = graph.embedding
            if used == nil { return "the model hands out hidden states, and no file says how they become an embedding" }
        case .classifier, .numbers:
            used = graph.predictions
            if graph.readsText {
                return "tokens of texts are merged for embeddings only: what stands between the two texts of a pair "
                    + "would be merged too"
            }
        }
        guard let used, shapes[used]?.rows == .sequences else { return "the model gives a result for each token" }
        return nil
    }

    /// Attention nodes behind which tokens may be merged, in execution order.
    package var mergeableNodes: [String] {
        guard problemOfMerging == nil else { return [] }
        var names = graph.attentionNodes.map(\.name).filter { TokenStream(behind: $0, in: self).problem == nil }
        // What stands behind a merge has to bear it: a node counts from which on everything does.
        while let first = names.first {
            var changed = graph
            let entry = ReusePlan.Tokens(node: first, amount: .count(1))
            if changed.mergeTokens([entry], of: self).isEmpty, (try? changed.checked()) != nil { return names }
            names.removeFirst()
        }
        return []
    }
}

/// The value behind an attention node whose rows are merged: the stream, once the node's result has joined it.
struct TokenStream {
    /// Name of the value; empty where there is none.
    private(set) var value = ""
    /// Why nothing can be merged behind the node; `nil` where it can.
    private(set) var problem: String?

    init(behind name: String, in source: CheckedGraph) {
        guard let node = source.node(named: name), let attention = node.attention else {
            problem = "the model has no attention node of this name"
            return
        }
        problem = Self.problem(of: attention, node, source)
        guard problem == nil else { return }
        func readers(_ value: String) -> [Node] { source.graph.nodes.filter { $0.inputs.contains(value) } }
        var place = name
        while true {
            let next = readers(place)
            guard next.count == 1, let reader = next.first else { break }
            switch reader.operation {
            case .affine, .linear, .norm, .activation, .round, .multiply: place = reader.name
            case .add:
                value = reader.name
                // Where the stream is normed right away, nothing else reads the sum.
                let after = readers(value)
                if after.count == 1, let norm = after.first, case .norm = norm.operation { value = norm.name }
                return
            default:
                problem = "its result joins no stream"
                return
            }
        }
        problem = "its result joins no stream"
    }

    private static func problem(of attention: Attention, _ node: Node, _ source: CheckedGraph) -> String? {
        if attention.isCross { return "is no self-attention" }
        if attention.computedHeads.isEmpty || attention.comparison != nil {
            return "computes no keys that tell which tokens are alike"
        }
        if source.shapes[node.name]?.rows == .sequences { return "has no rows to merge" }
        let isShown = source.graph.nodes.contains { reader in
            if case .maps = reader.operation { reader.inputs.contains(node.name) } else { false }
        }
        return isShown ? "has maps that the model hands out" : nil
    }
}

extension Graph {
    /// Merges tokens behind the attention nodes that a plan lists.
    ///
    /// Everything behind reads the merged rows; attention adds the logarithms of sizes to its scores, means over rows
    /// are weighted by sizes. Outputs with a row for each token go, hidden states too. A graph that merges tokens of a
    /// node already in the same way is left alone: the plan of a converted model suits that model too.
    ///
    /// - Parameter source: The graph before anything is merged.
    /// - Returns: What is wrong with the plan's entries; the graph is then of no use.
    mutating func mergeTokens(_ entries: [ReusePlan.Tokens], of source: CheckedGraph) -> [GraphError.Problem] {
        guard !entries.isEmpty else { return [] }
        if source.graph.firstMatching != nil { return source.graph.problemsOfRepeating(entries) }
        var problems: [GraphError.Problem] = []
        func report(_ subject: String, _ message: String) {
            problems.append(.init(kind: .plan, subject: subject, message: message))
        }
        if let problem = source.problemOfMerging {
            report(entries[0].node, "no tokens can be merged here: \(problem)")
            return problems
        }
        var merging = MergedGraph(self)
        var amounts: [String: TokenMatching.Amount] = [:]
        for entry in entries {
            if let problem = entry.amount.problem { report(entry.node, problem) }
            guard amounts.updateValue(entry.amount, forKey: entry.node) == nil else {
                report(entry.node, "the plan merges tokens behind this node twice")
                continue
            }
            // The rewritten graph: a matrix that stands in for a node by now has no keys.
            let stream = TokenStream(behind: entry.node, in: source)
            if let problem = stream.problem {
                report(entry.node, problem)
            } else if node(named: entry.node)?.attention?.computedHeads.isEmpty ?? true {
                report(entry.node, "tokens are merged by its keys, and the plan leaves it none")
            } else {
                merging.places[stream.value, default: []].append((entry.node, entry.amount))
            }
        }
        for (_, nodes) in merging.places where nodes.count > 1 {
            report(nodes[1].node, "tokens are merged in one place by the keys of two nodes: \(nodes[0].node) too")
        }
        guard problems.isEmpty else { return problems }
        merging.rewrite()
        if merging.problems.isEmpty { self = merging.result }
        return merging.problems
    }

    /// What of a plan's merges a graph that merges tokens already does not do.
    private func problemsOfRepeating(_ entries: [ReusePlan.Tokens]) -> [GraphError.Problem] {
        entries.compactMap { entry in
            guard case .matching(let matching) = node(named: MergedGraph.matching(of: entry.node))?.operation,
                matching.amount == entry.amount
            else {
                return .init(
                    kind: .plan, subject: entry.node,
                    message: "the model merges tokens already, and not these: convert its source")
            }
            return nil
        }
    }
}

extension CheckedGraph {
    /// The graph with tokens merged behind some attention nodes.
    ///
    /// - Throws: Every way in which the merges do not suit the graph.
    package func mergingTokens(_ entries: [ReusePlan.Tokens]) throws(GraphError) -> CheckedGraph {
        var result = graph
        let problems = result.mergeTokens(entries, of: self)
        guard problems.isEmpty else { throw GraphError(problems) }
        return try result.checked()
    }
}
