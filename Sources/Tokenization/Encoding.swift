/// A text, or a pair of texts, as a model takes it.
package struct Encoding: Sendable, Hashable {
    /// Token ids, special tokens included, `[tokens]`.
    package var ids: [Int32]
    /// Which of two texts each token belongs to (0 or 1, as the model was trained), `[tokens]`.
    package var typeIDs: [Int32]
    /// Whether tokens were cut off to keep to the maximum length.
    package var isTruncated: Bool

    /// An encoding from its parts.
    package init(ids: [Int32], typeIDs: [Int32], isTruncated: Bool = false) {
        self.ids = ids
        self.typeIDs = typeIDs
        self.isTruncated = isTruncated
    }
}
