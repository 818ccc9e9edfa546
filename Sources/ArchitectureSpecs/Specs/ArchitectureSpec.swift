import JSON
import ModelGraph

/// A family of models as data: how to recognise it, its dimensions, its graph, and where its tensors live.
///
/// The JSON form is described by `schemas/architecture.schema.json` and `docs/architecture-specs.md`.
package struct ArchitectureSpec: Sendable, Hashable, Codable {
    /// One name, or several to be tried in order.
    package struct Names: Sendable, Hashable {
        package var list: [String]
    }

    /// A remark for or against the family.
    package struct Evidence: Sendable, Hashable, Codable {
        /// A key of the configuration whose value, or one of whose values, is compared with `matches`.
        package var key: String?
        /// Patterns with `*`.
        package var matches: Names?
        /// A tensor, by the dialects' common names, that must be there.
        package var tensor: String?
        /// A parameter, `<node>/<parameter>`, that must be there by its dialect's name; of repeated ones the first.
        package var parameter: String?
        /// Added when the remark applies.
        package var score: Int
        /// Added when the key or tensor says something else. A key that is not there says nothing.
        package var otherwise: Int?
    }

    /// A dimension or option of the family.
    package struct Setting: Sendable, Hashable, Codable {
        package enum Kind: String, Sendable, Hashable, Codable {
            case integer, number, flag, choice
        }

        /// The extent of a parameter's axis, in our orientation.
        package struct Extent: Sendable, Hashable, Codable {
            /// `<node>/<parameter>`.
            package var parameter: String
            package var axis: Int
        }

        package var name: String
        package var kind: Kind
        /// Left out of consideration otherwise.
        package var when: Condition?
        /// Configuration keys by configuration vocabulary (`hf`, …), tried in order.
        package var keys: [String: Names]?
        /// Flags: whether the checkpoint holds this parameter.
        package var present: String?
        /// Integers: read off a tensor.
        package var extent: Extent?
        /// Integers and numbers: computed from settings above, where no key is there.
        package var value: Expression?
        /// The same where `when` does not hold; without it the setting is then left out.
        package var otherwise: Expression?
        /// Flags: computed from settings above.
        package var condition: Condition?
        /// Flags: whether the key's value, or one of its values, is like one of these patterns with `*`.
        package var matches: Names?
        /// Choices: from the checkpoint's words to ours; any other word is an error.
        package var values: [String: String]?
        /// Used when no key is there; JSON's null: the setting then stays unset.
        package var `default`: JSONValue?
        /// The same for checkpoints of one vocabulary, instead of `default`.
        package var defaults: [String: JSONValue]?
        /// Flags and numbers: the only values that the family's graph stands for.
        package var only: [JSONValue]?
        /// Integers: 1 unless said otherwise.
        package var minimum: Int?

        private enum Key: String, CodingKey {
            case name, kind, when, keys, present, extent, value, otherwise, condition, matches, values, `default`
            case defaults, only, minimum
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            func optional<Value: Decodable>(_ type: Value.Type, _ key: Key) throws -> Value? {
                try container.decodeIfPresent(type, forKey: key)
            }
            name = try container.decode(String.self, forKey: .name)
            kind = try container.decode(Kind.self, forKey: .kind)
            when = try optional(Condition.self, .when)
            keys = try optional([String: Names].self, .keys)
            present = try optional(String.self, .present)
            extent = try optional(Extent.self, .extent)
            value = try optional(Expression.self, .value)
            otherwise = try optional(Expression.self, .otherwise)
            condition = try optional(Condition.self, .condition)
            matches = try optional(Names.self, .matches)
            values = try optional([String: String].self, .values)
            // A null is a default too, not a missing one.
            `default` = container.contains(.default) ? try container.decode(JSONValue.self, forKey: .default) : nil
            defaults = try optional([String: JSONValue].self, .defaults)
            only = try optional([JSONValue].self, .only)
            minimum = try optional(Int.self, .minimum)
        }
    }

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

    /// Where one dialect keeps the parameters.
    package struct TensorTable: Sendable, Hashable, Codable {
        /// By node and parameter, as the graph's templates name them.
        package var parameters: [String: [String: TensorRule]]
        /// What may stand before every name, tried in order; `nil`: nothing.
        package var scopes: [String]?
        /// Orientation of the parameters of nodes of a kind (`linear`, `attention` …) whose rule says none.
        package var orientations: [String: TensorRule.Orientation]?
        package var ignored: [Ignored]?
    }

    package struct Ignored: Sendable, Hashable, Codable {
        /// Patterns with `*` over names.
        package var names: Names
        package var reason: String
        package var when: Condition?
    }

    package struct Traits: Sendable, Hashable, Codable {
        /// Longest sequence that the model takes.
        package var maximumTokens: Expression?
        /// Configuration key, by vocabulary, of an object from class index to label.
        package var labels: [String: String]?
        /// When labels mean something.
        package var labelsWhen: Condition?
    }

    /// A setting that every spec has: the configuration's vocabulary, `hf` or `kerashub`.
    static let writerName = "writer"

    package var name: String
    package var title: String
    /// Why models of the family are recognised and refused; `nil`: they are handled.
    package var unsupported: String?
    package var recognise: [Evidence]
    package var config: [Setting]
    package var graph: GraphTemplate
    /// By dialect.
    package var tensors: [String: TensorTable]
    package var traits: Traits?
}

/// How a stored tensor becomes a parameter `[in, out]`.
package struct TensorRule: Sendable, Hashable {
    package enum Orientation: String, Sendable, Hashable, Codable {
        /// Stored as it is used.
        case identity
        /// A matrix stored `[out, in]`; vectors stay as they are.
        case transpose
        /// The same order of elements, neighbouring axes taken together: `[in, heads, size]` → `[in, heads · size]`.
        case reshape
    }

    /// Some of the equal parts of a fused tensor.
    package struct Part: Sendable, Hashable, Codable {
        /// The first part that is taken.
        package var index: Expression
        /// Number of parts.
        package var of: Expression
        /// How many are taken; left out: one.
        package var count: Expression?
        /// Axis that is cut; negative: from the end.
        package var axis: Int
    }

    /// Names by generation; the first that exists is taken.
    package var names: [NameTemplate]
    /// `nil`: the table's for nodes of the kind, or `identity`.
    package var orientation: Orientation?
    /// The stored elements under other extents, before everything else: axes split further; `nil`: as they are stored.
    package var view: [Expression]?
    package var part: Part?
    /// The axes in the order of the parameter's, before orientation; `nil`: as they are.
    package var axes: [Int]?
}
