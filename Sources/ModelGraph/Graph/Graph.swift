/// One step of a graph. Its result is the value of the same name.
package struct Node: Sendable, Hashable {
    /// A parameter that is read from another node's parameter instead of being stored again.
    package struct Tie: Sendable, Hashable, Codable {
        /// The owner's parameter.
        package var parameter: ParameterID
        /// Whether the owner's matrix is used with its axes exchanged.
        package var isTransposed: Bool

        package init(parameter: ParameterID, isTransposed: Bool = false) {
            self.parameter = parameter
            self.isTransposed = isTransposed
        }
    }

    /// Unique name: letters, digits, `_`, `-`, `.`, with `/` between parts.
    package var name: String
    /// What the node computes.
    package var operation: Operation
    /// Names of values: graph inputs or earlier nodes.
    package var inputs: [String]
    /// Parameters owned by another node, by parameter name.
    package var ties: [String: Tie]
    /// Matrices that are stored or multiplied in fewer than 32 bits, by parameter name.
    package var precisions: [String: Precision]

    package init(
        name: String, operation: Operation, inputs: [String], ties: [String: Tie] = [:],
        precisions: [String: Precision] = [:]
    ) {
        self.name = name
        self.operation = operation
        self.inputs = inputs
        self.ties = ties
        self.precisions = precisions
    }

    /// Parameters that the node itself stores: tied ones left out.
    package var ownParameters: [Parameter] { operation.parameters.filter { ties[$0.name] == nil } }

    /// The attention of an attention node.
    package var attention: Attention? {
        if case .attention(let attention) = operation { attention } else { nil }
    }
}

/// What a model is used for; decides which metric judges it.
package enum ModelUse: String, Sendable, Hashable, Codable {
    /// Hidden states or sentence embeddings.
    case encoder
    /// Logits over the vocabulary for each token.
    case maskedLanguageModel = "masked_language_model"
    /// Logits over the vocabulary for the token after each one.
    case languageModel = "language_model"
    /// Logits over classes, for each sequence or token.
    case classifier
    /// Numbers that are no classes: a regression, a forecast, the score of a pair.
    case numbers
}

/// A transformer as a list of nodes in execution order.
package struct Graph: Sendable, Hashable {
    /// A value that the model hands out under a name of its own.
    package struct Output: Sendable, Hashable {
        /// The framework's name: `last_hidden_state`, `pooler_output`, `logits` …
        package var name: String
        /// The value: a node's name.
        package var value: String
        /// Whether an axis of width 1 is left out, `[batch, tokens]` (a discriminator's logits).
        package var isSqueezed: Bool
        /// Whether sequences that were given as the choices of one item have their rows together: `[items, choices]`
        /// where the inputs are `[items, choices, tokens]`.
        package var isOfChoices: Bool
        /// Extents behind the batch where the framework's array has other axes than the value, `nil` for the one that
        /// counts rows of differing number: `[1, 1]`, `[4, 1, 1]`, a picture's `[16, 16, 3]`. `nil`: rows and width.
        package var extents: [Int?]?

        package init(
            name: String, value: String, isSqueezed: Bool = false, isOfChoices: Bool = false, extents: [Int?]? = nil
        ) {
            self.extents = extents
            self.name = name
            self.value = value
            self.isSqueezed = isSqueezed
            self.isOfChoices = isOfChoices
        }
    }

    /// Names of the model's own inputs: `input_ids`, `attention_mask`, `token_type_ids`.
    package var inputs: [String]
    /// What the inputs hold that are not a text's usual ones, by name.
    package var inputLayouts: [String: InputLayout]
    /// Steps in execution order.
    package var nodes: [Node]
    /// What the model hands out, under the framework's names.
    package var outputs: [Output]
    /// Values after the embeddings and after each layer, `[layers + 1]`; of an encoder–decoder the decoder's.
    package var hiddenStates: [String]
    /// The same for the encoder of an encoder–decoder; empty for other models.
    package var encoderHiddenStates: [String]
    /// What the model is used for.
    package var use: ModelUse

    package init(
        inputs: [String], inputLayouts: [String: InputLayout] = [:], nodes: [Node], outputs: [Output],
        hiddenStates: [String], encoderHiddenStates: [String] = [], use: ModelUse = .encoder
    ) {
        self.encoderHiddenStates = encoderHiddenStates
        self.inputs = inputs
        self.inputLayouts = inputLayouts
        self.nodes = nodes
        self.outputs = outputs
        self.hiddenStates = hiddenStates
        self.use = use
    }

    /// The node of a name.
    package func node(named name: String) -> Node? { nodes.first { $0.name == name } }

    /// Attention nodes in execution order.
    package var attentionNodes: [Node] { nodes.filter { $0.attention != nil } }

    /// All heads, node by node in execution order.
    package var headIDs: [HeadID] {
        attentionNodes.flatMap { node in
            (node.attention?.heads ?? []).indices.map { HeadID(node: node.name, head: $0) }
        }
    }

    /// Source of a head; `nil` when there is no such head.
    package func source(of id: HeadID) -> HeadSource? {
        guard let heads = node(named: id.node)?.attention?.heads, heads.indices.contains(id.head) else { return nil }
        return heads[id.head]
    }

    /// Value handed out under a name.
    package func value(ofOutput name: String) -> String? { outputs.first { $0.name == name }?.value }
}
