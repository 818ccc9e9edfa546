/// What is taken out of a model, and why: a source for every head of every attention node, and a section for each other
/// kind of move. People may edit its JSON form.
package struct ReusePlan: Sendable, Hashable {
    /// The choice for one head.
    package struct Head: Sendable, Hashable {
        /// Where its map comes from; terms may name heads that borrow themselves.
        package var source: HeadSource
        /// Similarity to the first borrowed map, 0…1.
        package var similarity: Double?
        /// Damage of the replacement, as the analysis measured it.
        package var damage: Double?

        package init(source: HeadSource, similarity: Double? = nil, damage: Double? = nil) {
            self.source = source
            self.similarity = similarity
            self.damage = damage
        }
    }

    /// The choices for one attention node.
    package struct Layer: Sendable, Hashable, Codable {
        /// Name of the attention node.
        package var node: String
        /// One entry a head, in order.
        package var heads: [Head]

        package init(node: String, heads: [Head]) {
            self.node = node
            self.heads = heads
        }
    }

    /// Version of the document.
    package static let currentVersion = 1

    /// Version of the document that was read; `currentVersion` in a plan of our own.
    package var version: Int
    /// The budget as the user wrote it.
    package var budget: String
    /// SHA-256 of the analysis that the plan came from.
    package var analysis: String?
    /// SHA-256 of the source model's weights.
    package var model: String?
    /// The choices, one entry an attention node.
    package var layers: [Layer]
    /// What is left of feed-forward parts; those that are not named stay whole.
    package var neurons: [Neurons]
    /// Attention nodes that one matrix stands in for.
    package var linear: [Linear]
    /// Attention nodes whose queries and keys become narrower.
    package var ranks: [Rank]
    /// Attention nodes behind which tokens are merged.
    package var tokens: [Tokens]
    /// Where inputs may leave, first to last.
    package var exits: [Exit]

    package init(
        budget: String, analysis: String? = nil, model: String? = nil, layers: [Layer], neurons: [Neurons] = [],
        linear: [Linear] = [], ranks: [Rank] = [], tokens: [Tokens] = [], exits: [Exit] = []
    ) {
        self.ranks = ranks
        self.tokens = tokens
        self.exits = exits
        self.neurons = neurons
        self.linear = linear
        version = Self.currentVersion
        self.budget = budget
        self.analysis = analysis
        self.model = model
        self.layers = layers
    }

    /// The plan that a graph executes as it stands.
    package init(of graph: CheckedGraph, budget: String = "maps:0") {
        self.init(
            budget: budget,
            layers: graph.attentionNodes.map { node in
                Layer(node: node.name, heads: (node.attention?.heads ?? []).map { Head(source: $0) })
            })
    }

    /// What stands for the budget in the plan of a model that was trained with reuse.
    package static let trainedBudget = "as trained"

    /// The plan that a model was trained with; `nil` for one whose heads all compute a map.
    package static func trained(_ graph: CheckedGraph) -> ReusePlan? {
        let plan = ReusePlan(of: graph, budget: trainedBudget)
        return plan.replacedCount == 0 ? nil : plan
    }

    /// The source chosen for a head.
    package subscript(id: HeadID) -> HeadSource? {
        guard let layer = layers.first(where: { $0.node == id.node }), layer.heads.indices.contains(id.head) else {
            return nil
        }
        return layer.heads[id.head].source
    }

    /// Heads that compute no map of their own.
    package var replacedCount: Int {
        let nodes = Set(linear.map(\.node))
        return layers.reduce(0) { count, layer in
            count + (nodes.contains(layer.node) ? layer.heads.count : layer.heads.count { !$0.source.isComputed })
        }
    }
}

extension ReusePlan.Head: Codable {
    private enum Key: String, CodingKey { case similarity, damage }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let similarity = try container.decodeIfPresent(Double.self, forKey: .similarity)
        let damage = try container.decodeIfPresent(Double.self, forKey: .damage)
        self.init(source: try HeadSource(from: decoder), similarity: similarity, damage: damage)
    }

    package func encode(to encoder: any Encoder) throws {
        try source.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encodeIfPresent(similarity, forKey: .similarity)
        try container.encodeIfPresent(damage, forKey: .damage)
    }
}
