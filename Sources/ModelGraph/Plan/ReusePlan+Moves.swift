import JSON

// What a plan takes out of a model beside attention maps: one section of the document for each kind of move.

extension ReusePlan {
    /// The neurons that are left of one feed-forward part.
    package struct Neurons: Sendable, Hashable, Codable {
        /// The part, by the node of its last matrix.
        package var node: String
        /// Neurons that the part has before.
        package var width: Int
        /// Those that stay, ascending.
        package var kept: IndexList
        /// Damage at the output that the analysis expects of it.
        package var damage: Double?

        package init(node: String, width: Int, kept: IndexList, damage: Double? = nil) {
            self.node = node
            self.width = width
            self.kept = kept
            self.damage = damage
        }

        private enum CodingKeys: String, CodingKey { case node, width, kept, damage }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            self.init(
                node: try container.decode(String.self, forKey: .node),
                width: try container.decode(Int.self, forKey: .width),
                kept: try container.decode(IndexList.self, forKey: .kept),
                damage: try container.decodeIfPresent(Double.self, forKey: .damage))
            guard (1...IndexList.largest).contains(width) else {
                throw DecodingError.dataCorruptedError(
                    forKey: .width, in: container, debugDescription: "is no number of neurons: \(width)")
            }
        }
    }

    /// An attention node that one matrix stands in for; what the plan says of its heads does not matter then.
    package struct Linear: Sendable, Hashable, Codable {
        /// Name of the attention node.
        package var node: String
        /// Damage at the output that the analysis expects of it.
        package var damage: Double?

        package init(node: String, damage: Double? = nil) {
            self.node = node
            self.damage = damage
        }
    }

    /// The rank that is left of the products of queries and keys of one attention node: what each of its heads compares
    /// tokens by.
    package struct Rank: Sendable, Hashable, Codable {
        /// Name of the attention node.
        package var node: String
        /// Columns of a head's query and key before.
        package var size: Int
        /// Columns that are left, the same number for every head.
        package var rank: Int
        /// Damage at the output that the analysis expects of it.
        package var damage: Double?

        package init(node: String, size: Int, rank: Int, damage: Double? = nil) {
            self.node = node
            self.size = size
            self.rank = rank
            self.damage = damage
        }
    }

    /// A place behind which inputs may leave whose classes are sure enough there.
    package struct Exit: Sendable, Hashable, Codable {
        /// The value that the exit looks at, and that the model goes on with.
        package var after: String
        /// How far the largest score has to be ahead of the second largest.
        package var margin: Float
        /// Share of the inputs that left here, of those that the margin was chosen on.
        package var share: Double?
        /// Share of the inputs that left here which have the class that the whole model gives.
        package var agreement: Double?

        package init(after: String, margin: Float, share: Double? = nil, agreement: Double? = nil) {
            self.after = after
            self.margin = margin
            self.share = share
            self.agreement = agreement
        }

        private enum CodingKeys: String, CodingKey { case after, margin, share, agreement }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            self.init(
                after: try container.decode(String.self, forKey: .after),
                margin: try container.decode(Float.self, forKey: .margin),
                share: try container.decodeIfPresent(UnitShare.self, forKey: .share)?.value,
                agreement: try container.decodeIfPresent(UnitShare.self, forKey: .agreement)?.value)
        }
    }

    /// Neurons that the plan leaves out.
    package var removedNeurons: Int { neurons.reduce(0) { $0 + max(0, $1.width - $1.kept.count) } }

    /// Whether the plan leaves the model as it is.
    package var isWhole: Bool {
        replacedCount == 0 && removedNeurons == 0 && linear.isEmpty && ranks.isEmpty && tokens.isEmpty && exits.isEmpty
            && !layers.contains { $0.heads.contains { $0.source.isHard } }
    }
}

extension ReusePlan: Codable {
    private enum Key: String, CodingKey {
        case version, budget, analysis, model, layers, linear, neurons, ranks, tokens, exits
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            budget: try container.decode(String.self, forKey: .budget),
            analysis: try container.decodeIfPresent(String.self, forKey: .analysis),
            model: try container.decodeIfPresent(String.self, forKey: .model),
            layers: try container.decode([Layer].self, forKey: .layers),
            neurons: try container.decodeIfPresent([Neurons].self, forKey: .neurons) ?? [],
            linear: try container.decodeIfPresent([Linear].self, forKey: .linear) ?? [],
            ranks: try container.decodeIfPresent([Rank].self, forKey: .ranks) ?? [],
            tokens: try container.decodeIfPresent([Tokens].self, forKey: .tokens) ?? [],
            exits: try container.decodeIfPresent([Exit].self, forKey: .exits) ?? [])
        version = try container.decode(Int.self, forKey: .version)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(version, forKey: .version)
        try container.encode(budget, forKey: .budget)
        try container.encodeIfPresent(analysis, forKey: .analysis)
        try container.encodeIfPresent(model, forKey: .model)
        try container.encode(layers, forKey: .layers)
        // A plan of maps alone is written as it always was.
        if !linear.isEmpty { try container.encode(linear, forKey: .linear) }
        if !neurons.isEmpty { try container.encode(neurons, forKey: .neurons) }
        if !ranks.isEmpty { try container.encode(ranks, forKey: .ranks) }
        if !tokens.isEmpty { try container.encode(tokens, forKey: .tokens) }
        if !exits.isEmpty { try container.encode(exits, forKey: .exits) }
    }
}
