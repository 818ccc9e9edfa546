/// What decoding keeps of one attention layer, over all sequences of a session.
public struct CacheUse: Sendable, Hashable {
    /// The layer's node.
    public let node: String
    /// Whether the rows are those of what cross-attention looks at, rather than tokens.
    public let isMemory: Bool
    /// Rows that are kept.
    public let rows: Int
    /// Bytes of their keys: none where all heads borrow their maps.
    public let keyBytes: Int
    /// Bytes of their values.
    public let valueBytes: Int
}
