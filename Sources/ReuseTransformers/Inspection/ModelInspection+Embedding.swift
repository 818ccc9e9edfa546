import ModelGraph

extension ModelInspection {
    /// How a text becomes an embedding, as a sentence-transformers folder says.
    public struct Embedding: Sendable, Hashable, Encodable {
        /// What is done to the last hidden states, in words, first to last.
        public let steps: [String]
        /// Texts that may stand before a text, by name.
        public let prompts: [String: String]
        /// Name of the one that stands before every text; `nil`: none does.
        public let defaultPrompt: String?
        /// Longest text in tokens; `nil`: as long as the model takes.
        public let maximumTokens: Int?
        /// Whether texts are taken in lower case.
        public let isLowerCase: Bool

        init?(_ graph: Graph, _ traits: SentenceTraits?) {
            guard graph.embedding != nil, let traits else { return nil }
            let poolings = graph.embeddingPoolings.map(\.words).joined(separator: " beside ")
            let rest = graph.embeddingNodes.dropFirst().compactMap(\.operation.words)
            steps = [poolings + (traits.poolsPrompt ? "" : " without the prompt")] + rest
            prompts = traits.prompts.filter { !$0.value.isEmpty }
            defaultPrompt = traits.defaultPrompt
            maximumTokens = traits.maximumTokens
            isLowerCase = traits.isLowerCase
        }

        /// The whole in one line.
        package var text: String {
            let limit = maximumTokens.map { "texts cut to \($0) tokens" }
            let prompt = defaultPrompt.flatMap { prompts[$0] }.map { "prompt \"\($0)\"" }
            let named = prompts.isEmpty ? nil : "prompts " + prompts.keys.sorted().joined(separator: ", ")
            return
                (["embedding: " + steps.joined(separator: ", ")]
                + [limit, isLowerCase ? "in lower case" : nil, prompt ?? named].compactMap(\.self))
                .joined(separator: " · ")
        }
    }
}

extension Pooling {
    fileprivate var words: String {
        switch self {
        case .first: "first token"
        case .last: "last token"
        case .mean: "mean of tokens"
        case .max: "maximum of tokens"
        case .meanSquareRoot: "sum of tokens by the square root of their number"
        case .weightedMean: "weighted mean of tokens"
        }
    }
}

extension Operation {
    /// In words; `nil` for what only puts values together.
    fileprivate var words: String? {
        switch self {
        case .linear(let linear): "linear layer to \(linear.outputWidth)"
        case .activation(let function): function.rawValue
        case .norm(let norm): norm.kind == .unit ? "unit length" : "layer norm"
        default: nil
        }
    }
}
