import ModelGraph

extension CheckedGraph {
    /// Values that everything which depends on some nodes can be made of, and that do not depend on them: where runs of
    /// a graph in which these nodes change can begin.
    ///
    /// What inputs alone make without a product is not among them: making it again costs less than keeping it.
    package func cut(before changing: Set<String>) -> Set<String> {
        let dependent = dependents(of: changing)
        var read: Set<String> = []
        for node in graph.nodes where dependent.contains(node.name) {
            read.formUnion(node.inputs)
            for id in node.headsThatAreRead where !dependent.contains(id.node) {
                read.formUnion(self.node(named: id.node)?.inputs ?? [])
            }
        }
        read.subtract(dependent)
        // What is made of other values of the cut needs no place in it.
        var free = Set(graph.inputs)
        for node in graph.nodes where node.isLight && node.inputs.allSatisfy(free.contains) { free.insert(node.name) }
        for node in graph.nodes.reversed() where node.isLight && read.contains(node.name) {
            if node.inputs.allSatisfy({ read.contains($0) || free.contains($0) }) { read.remove(node.name) }
        }
        return read.subtracting(free).filter { name in node(named: name)?.hasRowsOfItsOwn ?? false }
    }

    /// Some nodes and all that depend on them.
    package func dependents(of changing: Set<String>) -> Set<String> {
        var result = changing
        for node in graph.nodes {
            let reads = node.inputs + node.headsThatAreRead.map(\.node)
            if reads.contains(where: result.contains) { result.insert(node.name) }
        }
        return result
    }
}

extension Node {
    /// Heads of any node whose maps the node reads.
    fileprivate var headsThatAreRead: [HeadID] {
        (attention?.heads ?? []).flatMap(\.terms).compactMap { term in
            if case .head(let id) = term.map { id } else { nil }
        }
    }

    /// Whether the node works element by element, or looks something up.
    fileprivate var isLight: Bool {
        switch operation {
        case .linear, .attention, .convolution, .recurrent, .matrixProduct, .pooling, .maps, .matching, .merge, .exit:
            false
        default: true
        }
    }

    /// Whether the node's value is rows of numbers that may be kept and handed in again.
    fileprivate var hasRowsOfItsOwn: Bool {
        switch operation {
        case .maps, .matching, .exit, .mask, .tokenMask, .table: false
        default: true
        }
    }
}
