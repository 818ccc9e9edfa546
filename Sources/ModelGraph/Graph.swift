/// One step of a graph. Its result is the value of the same name.
public struct Node: Sendable, Hashable {
    /// A parameter that is read from another node's parameter instead of being stored again.
    public struct Tie: Sendable, Hashable, Codable {
        /// `<node>/<parameter>` of the owner.
        public var parameter: String
        /// Whether the owner's matrix is used with its axes exchanged.
        public var isTransposed: Bool

        public init(parameter: String, isTransposed: Bool = false) {
            self.parameter = parameter
            self.isTransposed = isTransposed
        }
    }

    /// Unique name: letters, digits, `_`, `-`, `.`, with `/` between parts.
    public var name: String
    /// What the node computes.
    public var operation: Operation
    /// Names of values: graph inputs or earlier nodes.
    public var inputs: [String]
    /// Parameters owned by another node, by parameter name.
    public var ties: [String: Tie]

    public init(name: String, operation: Operation, inputs: [String], ties: [String: Tie] = [:]) {
        self.name = name
        self.operation = operation
        self.inputs = inputs
        self.ties = ties
    }

    /// Parameters that the node itself stores: tied ones left out.
    public var ownParameters: [Parameter] { operation.parameters.filter { ties[$0.name] == nil } }

    /// The attention of an attention node.
    public var attention: Attention? {
        if case .attention(let attention) = operation { attention } else { nil }
    }
}

/// What a model is used for; decides which metric judges it.
public enum ModelUse: String, Sendable, Hashable, Codable {
    /// Hidden states or sentence embeddings.
    case encoder
    /// Logits over the vocabulary for each token.
    case maskedLanguageModel = "masked_language_model"
    /// Logits over the vocabulary for the token after each one.
    case languageModel = "language_model"
    /// Logits over classes, for each sequence or token.
    case classifier
}

/// A transformer as a list of nodes in execution order.
public struct Graph: Sendable, Hashable {
    /// A value that the model hands out under a name of its own.
    public struct Output: Sendable, Hashable {
        /// The framework's name: `last_hidden_state`, `pooler_output`, `logits` …
        public var name: String
        /// The value: a node's name.
        public var value: String
        /// Whether an axis of width 1 is left out, `[batch, tokens]` (a discriminator's logits).
        public var isSqueezed: Bool

        public init(name: String, value: String, isSqueezed: Bool = false) {
            self.name = name
            self.value = value
            self.isSqueezed = isSqueezed
        }
    }

    /// Names of the model's own inputs: `input_ids`, `attention_mask`, `token_type_ids`.
    public var inputs: [String]
    /// What the inputs hold that are not a text's usual ones, by name.
    public var inputLayouts: [String: InputLayout]
    /// Steps in execution order.
    public var nodes: [Node]
    /// What the model hands out, under the framework's names.
    public var outputs: [Output]
    /// Values after the embeddings and after each layer, `[layers + 1]`.
    public var hiddenStates: [String]
    /// What the model is used for.
    public var use: ModelUse

    public init(
        inputs: [String], inputLayouts: [String: InputLayout] = [:], nodes: [Node], outputs: [Output],
        hiddenStates: [String], use: ModelUse = .encoder
    ) {
        self.inputs = inputs
        self.inputLayouts = inputLayouts
        self.nodes = nodes
        self.outputs = outputs
        self.hiddenStates = hiddenStates
        self.use = use
    }

    /// The node of a name.
    public func node(named name: String) -> Node? { nodes.first { $0.name == name } }

    /// Attention nodes in execution order.
    public var attentionNodes: [Node] { nodes.filter { $0.attention != nil } }

    /// All heads, node by node in execution order.
    public var headIDs: [HeadID] {
        attentionNodes.flatMap { node in
            (node.attention?.heads ?? []).indices.map { HeadID(node: node.name, head: $0) }
        }
    }

    /// Source of a head; `nil` when there is no such head.
    public func source(of id: HeadID) -> HeadSource? {
        guard let heads = node(named: id.node)?.attention?.heads, heads.indices.contains(id.head) else { return nil }
        return heads[id.head]
    }

    /// Value handed out under a name.
    public func value(ofOutput name: String) -> String? { outputs.first { $0.name == name }?.value }
}
