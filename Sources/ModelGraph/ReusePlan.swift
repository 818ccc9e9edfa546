/// A source for every head of every attention node, and why. People may edit its JSON form.
public struct ReusePlan: Sendable, Hashable, Codable {
    /// The choice for one head.
    public struct Head: Sendable, Hashable {
        public var source: HeadSource
        /// Similarity to the first borrowed map, 0…1.
        public var similarity: Double?
        /// Damage of the replacement, as the analysis measured it.
        public var damage: Double?

        public init(source: HeadSource, similarity: Double? = nil, damage: Double? = nil) {
            self.source = source
            self.similarity = similarity
            self.damage = damage
        }
    }

    /// The choices for one attention node.
    public struct Layer: Sendable, Hashable, Codable {
        /// Name of the attention node.
        public var node: String
        /// One entry a head, in order.
        public var heads: [Head]

        public init(node: String, heads: [Head]) {
            self.node = node
            self.heads = heads
        }
    }

    /// Version of the document.
    public static let currentVersion = 1

    public var version: Int
    /// The budget as the user wrote it.
    public var budget: String
    /// SHA-256 of the analysis that the plan came from.
    public var analysis: String?
    /// SHA-256 of the source model's weights.
    public var model: String?
    public var layers: [Layer]

    public init(budget: String, analysis: String? = nil, model: String? = nil, layers: [Layer]) {
        version = Self.currentVersion
        self.budget = budget
        self.analysis = analysis
        self.model = model
        self.layers = layers
    }

    /// The plan that a graph executes as it stands.
    public init(of graph: Graph, budget: String = "maps:0") {
        self.init(
            budget: budget,
            layers: graph.attentionNodes.map { node in
                Layer(node: node.name, heads: (node.attention?.heads ?? []).map { Head(source: $0) })
            })
    }

    /// The source chosen for a head.
    public subscript(id: HeadID) -> HeadSource? {
        guard let layer = layers.first(where: { $0.node == id.node }), layer.heads.indices.contains(id.head) else {
            return nil
        }
        return layer.heads[id.head].source
    }

    /// Heads that compute no map of their own.
    public var replacedCount: Int { layers.reduce(0) { $0 + $1.heads.count { !$0.source.isComputed } } }
}

extension ReusePlan.Head: Codable {
    private enum Key: String, CodingKey { case similarity, damage }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            source: try HeadSource(from: decoder),
            similarity: try container.decodeIfPresent(Double.self, forKey: .similarity),
            damage: try container.decodeIfPresent(Double.self, forKey: .damage))
    }

    public func encode(to encoder: any Encoder) throws {
        try source.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encodeIfPresent(similarity, forKey: .similarity)
        try container.encodeIfPresent(damage, forKey: .damage)
    }
}

extension Graph {
    /// The graph with a plan's sources, chains resolved to their roots. Tensors are not touched.
    ///
    /// A term that names a head which borrows itself is replaced by that head's terms; equal terms are merged.
    ///
    /// - Throws: Every way in which the plan does not fit this graph or breaks a rule of reuse.
    public func applying(_ plan: ReusePlan) throws(GraphError) -> Graph {
        var problems: [GraphError.Problem] = []
        var result = self
        var resolved: [HeadID: [MapTerm]] = [:]
        for layer in plan.layers where node(named: layer.node)?.attention == nil {
            problems.append(.init(kind: .plan, place: layer.node, message: "the model has no attention node of this name"))
        }
        for (index, node) in nodes.enumerated() {
            guard var attention = node.attention else { continue }
            guard let layer = plan.layers.first(where: { $0.node == node.name }) else {
                problems.append(.init(kind: .plan, place: node.name, message: "the plan says nothing about this attention node"))
                continue
            }
            guard layer.heads.count == attention.heads.count else {
                problems.append(
                    .init(
                        kind: .plan, place: node.name,
                        message: "the plan has \(layer.heads.count) heads, the model \(attention.heads.count)"))
                continue
            }
            // Heads of one node may stand in any order: resolve until nothing changes, at most once a head.
            var sources = layer.heads.map(\.source)
            for _ in sources.indices {
                let before = sources
                for (head, source) in sources.enumerated() {
                    guard case .borrowed(let terms) = source else { continue }
                    let roots = ReusePlan.roots(of: terms, resolved: resolved)
                    sources[head] = .borrowed(roots)
                    resolved[HeadID(node: node.name, head: head)] = roots
                }
                if sources == before { break }
            }
            attention.heads = sources
            result.nodes[index].operation = .attention(attention)
        }
        guard problems.isEmpty else { throw GraphError(problems) }
        try result.validate()
        return result
    }
}

extension ReusePlan {
    fileprivate static func roots(of terms: [MapTerm], resolved: [HeadID: [MapTerm]]) -> [MapTerm] {
        var merged: [MapTerm] = []
        for term in terms {
            var parts = [term]
            if case .head(let id) = term.map, let inner = resolved[id] {
                parts = inner.map { MapTerm(weight: $0.weight * term.weight, map: $0.map) }
            }
            for part in parts {
                if let same = merged.firstIndex(where: { $0.map == part.map }) {
                    merged[same].weight += part.weight
                } else {
                    merged.append(part)
                }
            }
        }
        return merged
    }
}
