/// One sequence of tokens as a model takes it.
public struct TokenSequence: Sendable, Hashable {
    /// Token ids, special tokens included.
    public var ids: [Int32]
    /// Token types; empty: all 0.
    public var types: [Int32]
    /// Which positions may be attended to; empty: all.
    public var mask: [Bool]

    public init(ids: [Int32], types: [Int32] = [], mask: [Bool] = []) {
        self.ids = ids
        self.types = types
        self.mask = mask
    }

    /// Number of positions that the mask shows.
    public var visibleCount: Int { mask.isEmpty ? ids.count : mask.count(where: { $0 }) }
}
