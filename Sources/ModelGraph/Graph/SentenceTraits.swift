/// What a sentence-transformers folder says of texts before they are tokens. What it says of rows after them stands in
/// the graph (`Graph.embedding`).
package struct SentenceTraits: Sendable, Hashable, Codable {
    /// Texts that are put before a text, by name.
    package var prompts: [String: String]
    /// Which of them stands before every text for which no other is asked for; `nil`: none.
    package var defaultPrompt: String?
    /// Longest text in tokens, prompt and special tokens included; `nil`: as long as the model takes.
    package var maximumTokens: Int?
    /// Whether texts are taken in lower case, whatever the tokenizer does.
    package var isLowerCase: Bool
    /// Whether the prompt's tokens count when rows become one.
    package var poolsPrompt: Bool

    package init(
        prompts: [String: String] = [:], defaultPrompt: String? = nil, maximumTokens: Int? = nil,
        isLowerCase: Bool = false, poolsPrompt: Bool = true
    ) {
        self.prompts = prompts
        self.defaultPrompt = defaultPrompt
        self.maximumTokens = maximumTokens
        self.isLowerCase = isLowerCase
        self.poolsPrompt = poolsPrompt
    }
}
