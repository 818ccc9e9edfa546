extension ReusePlan {
    /// Tokens of each sequence that are merged behind an attention node, before what follows it: the most alike ones.
    package struct Tokens: Sendable, Hashable, Codable {
        /// Name of the attention node, whose keys tell which tokens are alike.
        package var node: String
        /// How many tokens are merged into others.
        package var amount: TokenMatching.Amount
        /// Damage at the output that the analysis expects of all merges together.
        package var damage: Double?

        package init(node: String, amount: TokenMatching.Amount, damage: Double? = nil) {
            self.node = node
            self.amount = amount
            self.damage = damage
        }

        private enum Key: String, CodingKey { case node, damage }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            self.init(
                node: try container.decode(String.self, forKey: .node), amount: try .init(besideOthers: decoder),
                damage: try container.decodeIfPresent(Double.self, forKey: .damage))
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(node, forKey: .node)
            try amount.encode(besideOthers: encoder)
            try container.encodeIfPresent(damage, forKey: .damage)
        }
    }

    /// The plan without merges of tokens and without exits: what changes weights.
    package var ofWeights: ReusePlan {
        var result = self
        result.tokens = []
        result.exits = []
        return result
    }
}
