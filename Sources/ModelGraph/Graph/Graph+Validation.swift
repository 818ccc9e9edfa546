import Platform
import Tensors

extension Graph {
    /// What is wrong with names, ties and sources of heads, of a graph whose shapes fit.
    func problems(_ shapes: [String: ValueShape]) -> [GraphError.Problem] {
        nameProblems() + tieProblems() + precisionProblems() + sourceProblems(shapes) + exitProblems()
    }

    /// Exits stand inside one another, each with a schedule of its own.
    private func exitProblems() -> [GraphError.Problem] {
        let exits = exits
        guard exits.count > GraphLimit.exits else { return [] }
        let message = "the model has \(exits.count) exits, more than \(GraphLimit.exits)"
        return [.init(kind: .structure, subject: exits[0].name, message: message)]
    }

    private func nameProblems() -> [GraphError.Problem] {
        nodes.filter { !$0.name.isSoundNodeName }.map { node in
            GraphError.Problem(
                kind: .structure, subject: node.name,
                message: "names are made of letters, digits, _ - . with / between parts")
        }
    }

    private func tieProblems() -> [GraphError.Problem] {
        guard nodes.contains(where: { !$0.ties.isEmpty }) else { return [] }
        var owned: [ParameterID: Shape] = [:]
        for node in nodes {
            for parameter in node.ownParameters { owned[node.parameterID(parameter.name)] = parameter.shape }
        }
        return nodes.flatMap { node in
            let wanted = Dictionary(uniqueKeysWithValues: node.operation.parameters.map { ($0.name, $0.shape) })
            return node.ties.sorted { $0.key < $1.key }.compactMap { name, tie in
                problem(of: tie, wanted: wanted[name], owner: owned[tie.parameter]).map {
                    GraphError.Problem(kind: .structure, subject: node.name, message: "\(name) \($0)")
                }
            }
        }
    }

    private func problem(of tie: Node.Tie, wanted: Shape?, owner: Shape?) -> String? {
        guard let wanted else { return "is tied, and the node has no such parameter" }
        guard let owner else { return "is tied to unknown \"\(tie.parameter)\"" }
        let given = tie.isTransposed ? Shape(owner.extents.reversed()) : owner
        return given == wanted ? nil : "is tied to \(tie.parameter) of shape \(given), needs \(wanted)"
    }

    private func sourceProblems(_ shapes: [String: ValueShape]) -> [GraphError.Problem] {
        var problems: [GraphError.Problem] = []
        var earlier: [String: Node] = [:]
        var stacksWithMaps: Set<MapKind> = []
        for node in nodes {
            guard let attention = node.attention else { continue }
            earlier[node.name] = node
            let kind = MapKind(node, shapes)
            if stacksWithMaps.insert(kind).inserted, attention.computedHeads.isEmpty {
                let message = "the first attention of a stack must compute at least one map"
                problems.append(.init(kind: .source, subject: node.name, message: message))
            }
            for (head, source) in attention.heads.enumerated() {
                let subject = HeadID(node: node.name, head: head).description
                guard case .borrowed(let terms) = source else { continue }
                if terms.isEmpty {
                    problems.append(
                        .init(kind: .source, subject: subject, message: "borrows nothing; use \"dropped\" for that"))
                }
                for term in terms {
                    if let message = problem(of: term, borrowedBy: kind, attention, earlier: earlier, shapes) {
                        problems.append(.init(kind: .source, subject: subject, message: message))
                    }
                }
            }
        }
        return problems
    }

    private func problem(
        of term: MapTerm, borrowedBy kind: MapKind, _ attention: Attention, earlier: [String: Node],
        _ shapes: [String: ValueShape]
    ) -> String? {
        if !term.weight.isFinite { return "has a weight that is not a finite number" }
        let id: HeadID
        switch term.map {
        case .head(let head): id = head
        case .pattern(let pattern):
            if attention.masking?.hasSizes == true, pattern != .identity {
                return "borrows the pattern \"\(pattern.rawValue)\" behind a merge of tokens, where rows have no places"
            }
            let hidesKeys = attention.masking.map { $0.keys || $0.pairs } ?? false
            guard hidesKeys, pattern != .identity else { return nil }
            return "borrows the pattern \"\(pattern.rawValue)\", which does not know the values that hide keys here"
        }
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
        let owned = MapKind(owner, shapes)
        guard owned == kind else {
            return "borrows from \(id), whose map is of another kind: \(owned) instead of \(kind)"
        }
        return nil
    }
}

/// What two maps must have in common for one to stand in for the other: queries, keys and mask.
package struct MapKind: Hashable, CustomStringConvertible {
    private let rows: RowSpace
    private let memory: String?
    private let mask: Attention.Mask
    /// Values that mask; static patterns and maps taken over respect the same ones.
    private let masks: [String]

    /// - Parameter shapes: Shapes of all values.
    package init(_ node: Node, _ shapes: [String: ValueShape]) {
        let attention = node.attention
        mask = attention?.mask ?? Attention.Mask()
        rows = shapes[node.name]?.rows ?? .tokens
        // Cross-attention over the same memory value; self-attention has none.
        memory = attention?.isCross == true ? node.inputs.dropFirst().first : nil
        masks = Array(node.inputs.dropFirst(attention?.streamCount ?? 1))
    }

    package var description: String {
        let window = mask.window.map { " of window \($0)" } ?? ""
        let direction = mask.isCausal ? "causal " : ""
        let axis = rows == .tokens ? "" : " along \(rows)"
        let masked = masks.isEmpty ? "" : " masked by \(masks.joined(separator: ", "))"
        return direction + (memory.map { "cross-attention over \($0)" } ?? "self-attention") + axis + window + masked
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
