import ModelGraph

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
