/// What decoding keeps of one attention layer, over all sequences of a session.
package struct CacheUse: Sendable, Hashable {
    /// The layer's node.
    package let node: String
    /// Whether the rows are those of what cross-attention looks at, rather than tokens.
    package let isMemory: Bool
    /// Rows that are kept.
    package let rows: Int
    /// Bytes of their keys: none where all heads borrow their maps.
    package let keyBytes: Int
    /// Bytes of their values.
    package let valueBytes: Int
}
