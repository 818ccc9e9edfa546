/// A text, or a pair of texts, as a model takes it.
public struct Encoding: Sendable, Hashable {
    /// Token ids, special tokens included, `[tokens]`.
    public var ids: [Int32]
    /// Which of two texts each token belongs to (0 or 1, as the model was trained), `[tokens]`.
    public var typeIDs: [Int32]
    /// Whether tokens were cut off to keep to the maximum length.
    public var isTruncated: Bool

    /// An encoding from its parts.
    public init(ids: [Int32], typeIDs: [Int32], isTruncated: Bool = false) {
        self.ids = ids
        self.typeIDs = typeIDs
        self.isTruncated = isTruncated
    }
}
