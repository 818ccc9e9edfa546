import ModelGraph

/// Names of what an exit adds to a graph.
package struct ExitNames: Sendable {
    private let after: String

    /// - Parameter after: The value that the exit looks at.
    package init(after: String) { self.after = after }

    /// The node that decides.
    package var exit: String { after + "/exit" }
    /// The matrix that makes the pooled value of the last layer of that of this one.
    package var image: String { after + "/exit/image" }
    /// What a node of the head is called here.
    package func copy(of node: String) -> String { after + "/exit/" + node }
}

extension Graph {
    /// Adds exits.
    ///
    /// Each repeats the model's head on the value that it looks at, with an image of what the head reads behind the
    /// last layer. Everything that read the scores reads those of the first exit; whatever else the model handed out of
    /// its layers goes, since inputs that left have none. A graph with these exits is left alone: the plan of a
    /// converted model suits that model too.
    ///
    /// - Parameter source: The graph before anything was changed.
    /// - Returns: What is wrong with the plan's entries; the graph is then of no use.
    mutating func addExits(_ entries: [ReusePlan.Exit]) -> [GraphError.Problem] {
        guard !entries.isEmpty else { return [] }
        func problem(_ subject: String, _ message: String) -> GraphError.Problem {
            .init(kind: .plan, subject: subject, message: message)
        }
        if !exits.isEmpty {
            return entries.compactMap { entry in
                guard case .exit(entry.margin) = node(named: ExitNames(after: entry.after).exit)?.operation else {
                    return problem(entry.after, "the model has exits already, and not this one: convert its source")
                }
                return nil
            }
        }
        let found: (head: ExitHead, places: [ExitPlace])
        do {
            found = try self.checked().exitPlaces()
        } catch let error as ExitProblem {
            return [problem(entries[0].after, "no exit can be made: \(error.text)")]
        } catch {
            return []
        }
        var problems: [GraphError.Problem] = []
        var last = -1
        for entry in entries {
            if !(entry.margin >= 0 && entry.margin.isFinite) {
                problems.append(problem(entry.after, "the margin is \(entry.margin), must not be negative"))
            }
            guard let number = found.places.firstIndex(where: { $0.after == entry.after }) else {
                let names = found.places.map(\.after).joined(separator: ", ")
                problems.append(problem(entry.after, "no exit can be made behind this value; it can behind \(names)"))
                continue
            }
            if number <= last { problems.append(problem(entry.after, "exits stand once each, first to last")) }
            last = number
        }
        guard problems.isEmpty else { return problems }
        insert(entries, found.head)
        return []
    }

    private mutating func insert(_ entries: [ReusePlan.Exit], _ head: ExitHead) {
        for entry in entries {
            let names = ExitNames(after: entry.after)
            var added = copies(of: head.pooling, names, renaming: [head.stream: entry.after])
            added.append(
                Node(
                    name: names.image, operation: .linear(Linear(inputWidth: head.width, outputWidth: head.width)),
                    inputs: [names.copy(of: head.pooled)]))
            added += copies(of: head.scoring, names, renaming: [head.pooled: names.image])
            let place = nodes.firstIndex { $0.name == entry.after } ?? 0
            nodes.insert(contentsOf: added, at: place + 1)
        }
        var result = head.scores
        var place = (nodes.firstIndex { $0.name == head.scores } ?? 0) + 1
        let readers = place
        for entry in entries.reversed() {
            let names = ExitNames(after: entry.after)
            nodes.insert(
                Node(
                    name: names.exit, operation: .exit(margin: entry.margin),
                    inputs: [names.copy(of: head.scores), entry.after, result]), at: place)
            result = names.exit
            place += 1
        }
        for index in readers + entries.count..<nodes.count {
            nodes[index].inputs = nodes[index].inputs.map { $0 == head.scores ? result : $0 }
        }
        let behind = values(behind: result)
        outputs = outputs.compactMap { output in
            var output = output
            if output.value == head.scores { output.value = result }
            return behind.contains(output.value) ? output : nil
        }
        hiddenStates = []
    }

    /// Nodes once more under an exit's names; parameters stay the originals' where those are plain numbers.
    fileprivate func copies(of originals: [Node], _ names: ExitNames, renaming: [String: String]) -> [Node] {
        let own = Set(originals.map(\.name))
        return originals.map { node in
            var copy = node
            copy.name = names.copy(of: node.name)
            copy.inputs = node.inputs.map { renaming[$0] ?? (own.contains($0) ? names.copy(of: $0) : $0) }
            // What is quantised has scales that belong to what it reads: a copy of its own.
            for parameter in node.operation.parameters
            where node.ties[parameter.name] == nil && node.precisions.isEmpty {
                copy.ties[parameter.name] = .init(parameter: node.parameterID(parameter.name))
            }
            return copy
        }
    }

    /// A value and all that is made of it alone.
    private func values(behind start: String) -> Set<String> {
        var result: Set<String> = [start]
        for node in nodes where !node.inputs.isEmpty && node.inputs.allSatisfy(result.contains) {
            result.insert(node.name)
        }
        return result
    }
}

extension CheckedGraph {
    /// The graph with exits.
    ///
    /// - Throws: Every way in which the exits do not suit the graph.
    package func addingExits(_ entries: [ReusePlan.Exit]) throws(GraphError) -> CheckedGraph {
        var result = graph
        let problems = result.addExits(entries)
        guard problems.isEmpty else { throw GraphError(problems) }
        return try result.checked()
    }

    /// The graph with the pooled value of each place beside that of the last layer, for fitting images: the copies of
    /// the pooled value are `ExitNames.copy(of: head.pooled)`.
    package func observingPlaces(_ places: [ExitPlace], _ head: ExitHead) throws(GraphError) -> CheckedGraph {
        try changed { graph in
            for place in places {
                let added = graph.copies(
                    of: head.pooling, ExitNames(after: place.after), renaming: [head.stream: place.after])
                let index = graph.nodes.firstIndex { $0.name == place.after } ?? 0
                graph.nodes.insert(contentsOf: added, at: index + 1)
            }
        }
    }
}
