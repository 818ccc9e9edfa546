import ModelGraph

/// Which nodes an observation needs, who reads each value, and which maps are read after they were computed.
struct Liveness {
    /// Needed nodes in execution order.
    let nodes: [Node]
    /// Readers of each value among the needed nodes.
    let readers: [String: Int]
    /// Maps that needed nodes read from memory.
    let keptMaps: Set<HeadID>

    init(_ graph: Graph, observing observation: Observation) {
        var needed = observation.values.union(observation.maps).union(observation.contexts)
        for node in graph.nodes.reversed() where needed.contains(node.name) {
            needed.formUnion(node.inputsOfRun)
            // Owners of borrowed maps usually stand upstream anyway; in a graph with branches they need not.
            for term in node.attention?.heads.flatMap(\.terms) ?? [] {
                if case .head(let id) = term.map { needed.insert(id.node) }
            }
        }
        nodes = graph.nodes.filter { needed.contains($0.name) }
        var readers: [String: Int] = [:]
        for node in nodes {
            // A matching reads an attention node's keys, not its value.
            if case .matching = node.operation { continue }
            for input in node.inputsOfRun { readers[input, default: 0] += 1 }
        }
        self.readers = readers
        keptMaps = nodes.reduce(into: []) { $0.formUnion($1.mapsReadFromMemory) }
    }
}

extension Node {
    /// What a run needs before the node: an exit makes the rest of the model itself, for inputs that need it.
    var inputsOfRun: [String] {
        if case .exit = operation { Array(inputs.prefix(2)) } else { inputs }
    }
}
