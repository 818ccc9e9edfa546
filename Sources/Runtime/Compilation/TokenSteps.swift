import ModelGraph

/// Where an attention node leaves its keys.
struct KeyRows: Sendable {
    /// The head-major buffer.
    let buffer: Register
    /// Which head of the buffer the keys start with, and how many heads they have.
    let first, count: Int
    /// Padded size of a head.
    let headSize: Int
}

/// Finds which tokens of each sequence are merged, by their keys.
struct MatchStep: Sendable {
    let matching: TokenMatching
    let keys: KeyRows
    /// For each row the number of the row that it becomes.
    let out: Register
}

/// Merges rows, or sums up sizes where there is no input.
struct MergeStep: Sendable {
    let input: Register?
    let matching: Register
    /// Sizes of the rows; `nil`: each is one token.
    let sizes: Register?
    let out: Register
}
