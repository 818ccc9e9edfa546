/// One head of one attention node.
package struct HeadID: Sendable, Hashable, Codable, CustomStringConvertible {
    /// Name of the attention node.
    package let node: String
    /// Index among the node's heads, in the source model's order.
    package let head: Int

    package init(node: String, head: Int) {
        self.node = node
        self.head = head
    }

    package var description: String { "\(node)#\(head)" }
}

/// An attention map that is known without computing anything. Patterns respect the mask.
package enum StaticPattern: String, Sendable, Hashable, Codable, CaseIterable {
    /// Each query looks at itself.
    case identity
    /// The visible key before the query; the first looks at itself.
    case previous
    /// The visible key after the query; the last looks at itself, and so does every query under a causal mask.
    case next
    /// The first visible key.
    case first
    /// All visible keys alike.
    case mean
}

/// A map that a borrowing head reads: another head's, or a static pattern.
package enum MapReference: Sendable, Hashable {
    case head(HeadID)
    case pattern(StaticPattern)
}

/// One summand of a borrowed map: `weight · map`.
package struct MapTerm: Sendable, Hashable {
    /// Factor on the map; 1 for a map taken as it is.
    package var weight: Float
    /// The map.
    package var map: MapReference

    package init(weight: Float = 1, map: MapReference) {
        self.weight = weight
        self.map = map
    }
}

/// Where a head's attention map comes from.
package enum HeadSource: Sendable, Hashable {
    /// Softmax of the head's own scores: keeps Q, K, V, O.
    case computed
    /// The head's own scores, of which each query takes the key with the largest one alone, the first of equal ones:
    /// keeps Q, K, V, O; the product with values is a look-up (hard retrieval attention, arXiv 2009.14658).
    case hard
    /// A weighted sum of maps that exist already: keeps V and O. One term of weight 1 is the reuse of
    /// arXiv 2110.06821.
    case borrowed([MapTerm])
    /// Contributes nothing and keeps nothing.
    case dropped

    /// Reuse of one earlier map as it is.
    package static func reused(_ head: HeadID) -> HeadSource { .borrowed([MapTerm(map: .head(head))]) }

    /// Whether the head computes a map of its own, from scores of its own.
    package var isComputed: Bool { self == .computed || isHard }
    /// Whether each query of the head looks at one key alone.
    package var isHard: Bool { self == .hard }
    /// Whether the head is left out altogether.
    package var isDropped: Bool { self == .dropped }

    /// Terms of a borrowed map; empty for other sources.
    package var terms: [MapTerm] {
        if case .borrowed(let terms) = self { terms } else { [] }
    }
}

extension MapTerm: Codable {
    private enum Key: String, CodingKey { case weight, node, head, pattern }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        weight = try container.decodeIfPresent(Float.self, forKey: .weight) ?? 1
        if let pattern = try container.decodeIfPresent(StaticPattern.self, forKey: .pattern) {
            guard !container.contains(.node), !container.contains(.head) else {
                throw DecodingError.dataCorruptedError(
                    forKey: .pattern, in: container, debugDescription: "a term is a pattern or a head's map, not both")
            }
            map = .pattern(pattern)
        } else {
            map = .head(
                HeadID(
                    node: try container.decode(String.self, forKey: .node),
                    head: try container.decode(Int.self, forKey: .head)))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(weight, forKey: .weight)
        switch map {
        case .pattern(let pattern): try container.encode(pattern, forKey: .pattern)
        case .head(let id):
            try container.encode(id.node, forKey: .node)
            try container.encode(id.head, forKey: .head)
        }
    }
}

extension HeadSource: Codable {
    private enum Key: String, CodingKey { case source, terms }
    private enum Kind: String, Codable, CaseIterable { case computed, hard, borrowed, dropped }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let kind = try container.decode(Kind.self, forKey: .source)
        let terms = try container.decodeIfPresent([MapTerm].self, forKey: .terms)
        guard kind == .borrowed || !container.contains(.terms) else {
            throw DecodingError.dataCorruptedError(
                forKey: .source, in: container, debugDescription: "a head that is \(kind.rawValue) has no terms")
        }
        switch kind {
        case .computed: self = .computed
        case .hard: self = .hard
        case .borrowed: self = .borrowed(try terms ?? container.decode([MapTerm].self, forKey: .terms))
        case .dropped: self = .dropped
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .computed: try container.encode(Kind.computed, forKey: .source)
        case .hard: try container.encode(Kind.hard, forKey: .source)
        case .borrowed(let terms):
            try container.encode(Kind.borrowed, forKey: .source)
            try container.encode(terms, forKey: .terms)
        case .dropped: try container.encode(Kind.dropped, forKey: .source)
        }
    }
}
