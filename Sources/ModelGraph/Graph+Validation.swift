import Tensors

extension Graph {
    /// Checks names, shapes and the rules of reuse.
    ///
    /// The rules: a borrowed map belongs to a computed head of an earlier node or of the same node; both nodes have the
    /// same queries, keys and mask; the first attention of each stack computes at least one map.
    ///
    /// - Throws: Every problem at once, each naming node and head.
    public func validate() throws(GraphError) {
        _ = try inferShapes()
        let problems = nodes.flatMap(structureProblems(of:)) + sourceProblems()
        guard problems.isEmpty else { throw GraphError(problems) }
    }

    private func structureProblems(of node: Node) -> [GraphError.Problem] {
        var problems: [GraphError.Problem] = []
        if !node.name.isSoundNodeName {
            problems.append(
                .init(kind: .structure, place: node.name, message: "names are made of letters, digits, _ - . with / between parts"))
        }
        let parameters = node.operation.parameters
        for (name, tie) in node.ties.sorted(by: { $0.key < $1.key }) {
            guard let wanted = parameters.first(where: { $0.name == name }) else {
                problems.append(.init(kind: .structure, place: node.name, message: "ties \"\(name)\", which it does not have"))
                continue
            }
            guard let owner = nodes.lazy.compactMap({ $0.ownParameter(atPath: tie.parameter) }).first else {
                problems.append(
                    .init(kind: .structure, place: node.name, message: "\(name) is tied to unknown \"\(tie.parameter)\""))
                continue
            }
            let given = tie.isTransposed ? Shape(owner.shape.extents.reversed()) : owner.shape
            if given != wanted.shape {
                problems.append(
                    .init(
                        kind: .structure, place: node.name,
                        message: "\(name) is tied to \(tie.parameter) of shape \(given), needs \(wanted.shape)"))
            }
        }
        return problems
    }

    private func sourceProblems() -> [GraphError.Problem] {
        var problems: [GraphError.Problem] = []
        var earlier: [String: Node] = [:]
        var stacksWithMaps: Set<MapKind> = []
        for node in nodes {
            guard let attention = node.attention else { continue }
            earlier[node.name] = node
            let kind = MapKind(node)
            if stacksWithMaps.insert(kind).inserted, attention.computedHeads.isEmpty {
                problems.append(
                    .init(kind: .source, place: node.name, message: "the first attention of a stack must compute at least one map"))
            }
            for (head, source) in attention.heads.enumerated() {
                let place = HeadID(node: node.name, head: head).description
                guard case .borrowed(let terms) = source else { continue }
                if terms.isEmpty {
                    problems.append(.init(kind: .source, place: place, message: "borrows nothing; use \"dropped\" for that"))
                }
                for term in terms {
                    if let message = problem(of: term, borrowedBy: kind, earlier: earlier) {
                        problems.append(.init(kind: .source, place: place, message: message))
                    }
                }
            }
        }
        return problems
    }

    private func problem(of term: MapTerm, borrowedBy kind: MapKind, earlier: [String: Node]) -> String? {
        if !term.weight.isFinite { return "has a weight that is not a finite number" }
        guard case .head(let id) = term.map else { return nil }
        guard let owner = earlier[id.node], let attention = owner.attention else {
            return node(named: id.node)?.attention == nil
                ? "borrows from \"\(id.node)\", which is not an attention node"
                : "borrows from \(id), which is computed later"
        }
        guard attention.heads.indices.contains(id.head) else {
            return "borrows from \(id), but \(id.node) has \(attention.heads.count) heads"
        }
        guard attention.heads[id.head].isComputed else {
            return "borrows from \(id), which computes no map itself"
        }
        let owned = MapKind(owner)
        guard owned == kind else { return "borrows from \(id), whose map is of another kind: \(owned) instead of \(kind)" }
        return nil
    }
}

/// What two maps must have in common for one to stand in for the other: queries, keys and mask.
package struct MapKind: Hashable, CustomStringConvertible {
    private let memory: String?
    private let mask: Attention.Mask

    package init(_ node: Node) {
        mask = node.attention?.mask ?? Attention.Mask()
        // Cross-attention over the same memory value; self-attention has none.
        memory = node.attention?.isCross == true ? node.inputs.last : nil
    }

    package var description: String {
        let window = mask.window.map { " of window \($0)" } ?? ""
        let direction = mask.isCausal ? "causal " : ""
        return direction + (memory.map { "cross-attention over \($0)" } ?? "self-attention") + window
    }
}

extension Node {
    /// The parameter that this node stores under `<node>/<parameter>`.
    package func ownParameter(atPath path: String) -> Parameter? {
        guard path.hasPrefix(name + "/") else { return nil }
        return ownParameters.first { path == name + "/" + $0.name }
    }
}

extension String {
    fileprivate var isSoundNodeName: Bool {
        let parts = split(separator: "/", omittingEmptySubsequences: false)
        return parts.allSatisfy { part in
            !part.isEmpty && part != "." && part != ".."
                && part.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                        true
                    default: false
                    }
                }
        }
    }
}
