import CKernels
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

extension Compiler {
    /// Drafts the comparison of tokens.
    mutating func add(_ matching: TokenMatching, _ node: Node) throws(RuntimeError) {
        guard let name = node.inputs.first, let keys = keys[name] else { throw .unknownValue(node.name) }
        schedule.matchedHead = max(schedule.matchedHead, keys.headSize)
        let out = try result(of: node.name)
        append(.match(MatchStep(matching: matching, keys: keys, out: out)), reads: [keys.buffer], writes: out)
    }

    /// Drafts a merge.
    mutating func add(_ merge: TokenMerge, _ node: Node) throws(RuntimeError) {
        var sources = try inputs(node)[...]
        let reads = Array(sources)
        let input = merge == .mean ? sources.popFirst() : nil
        guard let matching = sources.popFirst() else { throw .unknownValue(node.name) }
        let out = try result(of: node.name)
        let step = MergeStep(input: input, matching: matching, sizes: sources.popFirst(), out: out)
        append(.merge(step), reads: reads, writes: out)
    }
}
