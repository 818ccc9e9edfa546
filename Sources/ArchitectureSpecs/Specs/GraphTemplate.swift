import ModelGraph

extension ArchitectureSpec {
    /// The family's graph over the settings.
    package struct GraphTemplate: Sendable, Hashable, Codable {
        /// With `content` the input has a layout of its own (`InputLayout`); otherwise it is a text's usual one.
        package struct Input: Sendable, Hashable, Codable {
            package var name: String
            package var when: Condition?
            package var content: InputLayout.Content?
            /// A fixed number of rows.
            package var rows: Expression?
            /// Name of the axis that the rows lie along, where their number differs.
            package var axis: String?
            package var width: Expression?
            package var grid: [Expression]?
            package var isChannelsFirst: FlagExpression?
            package var absent: Float?
            package var mask: String?
        }

        package struct Output: Sendable, Hashable, Codable {
            package var name: String
            /// A node, or a name bound by `as`: what it stands for after the last node.
            package var value: String
            /// Whether an axis of width 1 is left out.
            package var isSqueezed: Bool?
            /// Whether sequences that are the choices of one item have their rows together.
            package var isOfChoices: Bool?
            package var when: Condition?
        }

        package struct Use: Sendable, Hashable, Codable {
            package var use: ModelUse
            package var when: Condition?
        }

        package var inputs: [Input]
        package var nodes: [Step]
        package var outputs: [Output]
        /// The first that applies.
        package var use: [Use]
    }

    /// One node, or nodes repeated.
    package indirect enum Step: Sendable, Hashable {
        case node(NodeTemplate)
        case repetition(Repetition)
    }

    package struct Repetition: Sendable, Hashable, Codable {
        /// How many times.
        package var `repeat`: Expression
        /// Name of the index, from 0.
        package var index: String
        package var when: Condition?
        package var nodes: [Step]
    }

    package struct NodeTemplate: Sendable, Hashable {
        package struct Tie: Sendable, Hashable, Codable {
            /// `<node>/<parameter>`.
            package var parameter: NameTemplate
            package var isTransposed: Bool?
            package var when: Condition?
        }

        package var name: NameTemplate
        package var operation: OperationTemplate
        /// Graph inputs, nodes, or names bound by `as`. An input that `when` left out of the graph is left out here.
        package var inputs: [NameTemplate]
        package var when: Condition?
        /// Binds other names to the value, until the next node that binds them.
        package var alias: Names?
        package var ties: [String: Tie]?
        /// All parameters are read from another node's, under a condition.
        package var shares: Sharing?
        /// Whether the value is one of the model's hidden states.
        package var isHiddenState: FlagExpression?
        /// Which stack's hidden states it is one of.
        package var stack: Stack?

        package enum Stack: String, Sendable, Hashable, Codable {
            /// The encoder of an encoder–decoder.
            case encoder
        }

        /// All parameters of one node are another's.
        package struct Sharing: Sendable, Hashable, Codable {
            package var node: NameTemplate
            package var when: Condition?
        }
    }
}

extension ArchitectureSpec.Step: Codable {
    private enum Key: String, CodingKey { case `repeat` }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self =
            container.contains(.repeat)
            ? .repetition(try ArchitectureSpec.Repetition(from: decoder))
            : .node(try ArchitectureSpec.NodeTemplate(from: decoder))
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .node(let node): try node.encode(to: encoder)
        case .repetition(let repetition): try repetition.encode(to: encoder)
        }
    }
}

extension ArchitectureSpec.NodeTemplate: Codable {
    private enum Key: String, CodingKey {
        case name, inputs, when, alias = "as", ties, shares, isHiddenState = "hiddenState", stack
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        name = try container.decode(NameTemplate.self, forKey: .name)
        operation = try OperationTemplate(from: decoder)
        inputs = try container.decode([NameTemplate].self, forKey: .inputs)
        when = try container.decodeIfPresent(Condition.self, forKey: .when)
        alias = try container.decodeIfPresent(ArchitectureSpec.Names.self, forKey: .alias)
        ties = try container.decodeIfPresent([String: Tie].self, forKey: .ties)
        shares = try container.decodeIfPresent(Sharing.self, forKey: .shares)
        isHiddenState = try container.decodeIfPresent(FlagExpression.self, forKey: .isHiddenState)
        stack = try container.decodeIfPresent(Stack.self, forKey: .stack)
    }

    package func encode(to encoder: any Encoder) throws {
        try operation.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        try container.encode(inputs, forKey: .inputs)
        try container.encodeIfPresent(when, forKey: .when)
        try container.encodeIfPresent(alias, forKey: .alias)
        try container.encodeIfPresent(ties, forKey: .ties)
        try container.encodeIfPresent(shares, forKey: .shares)
        try container.encodeIfPresent(isHiddenState, forKey: .isHiddenState)
        try container.encodeIfPresent(stack, forKey: .stack)
    }
}
