/// One token of a text that a model writes.
public struct GeneratedToken: Sendable, Hashable {
    /// Index of the prompt that it continues.
    public let prompt: Int
    /// The token's id.
    public let id: Int32
    /// The text that it adds; empty while a character is incomplete.
    public let text: String
    /// Whether it is the text's last one.
    public let isLast: Bool
}

/// A text that a model wrote.
public struct GeneratedText: Sendable, Hashable {
    /// What it continues or answers.
    public let prompt: String
    /// What was written, without the prompt.
    public let text: String
    /// The tokens that were written, the one that ends a text included.
    public let tokenIDs: [Int32]
    /// Whether the model ended it, rather than the limit.
    public let isFinished: Bool
}
