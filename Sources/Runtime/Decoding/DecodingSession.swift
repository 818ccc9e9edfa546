import ModelGraph

/// Sequences that grow by a token at a time.
///
/// Not for use from several threads at once.
package final class DecodingSession {
    private let model: DecoderModel
    private let cache: KeyValueCache
    /// Tokens of each sequence, prompt included.
    package private(set) var lengths: [Int]
    private var rows: FloatBuffer

    init(_ model: DecoderModel, _ prompts: [ModelInput]) throws(RuntimeError) {
        self.model = model
        try model.compiled.check(prompts)
        for (index, prompt) in prompts.enumerated() {
            let tokens = model.tokens(of: prompt)
            guard !tokens.isEmpty, !model.hides(prompt) else {
                throw .wrongInput(
                    index: index, name: model.tokenInput,
                    message: "must hold at least one token to go on from, and hide none")
            }
        }
        cache = KeyValueCache(model.compiled.schedule, axis: model.axis, sequences: prompts.count)
        lengths = prompts.map { model.tokens(of: $0).count }
        rows = FloatBuffer(count: prompts.count * model.vocabulary)
        for range in prompts.batches(rows: model.compiled.options.groupTokens) {
            try run(Group(prompts, range: range, schedule: model.compiled.schedule), sequences: Array(range))
        }
    }

    /// Number of sequences.
    package var count: Int { lengths.count }

    /// Bytes of all keys and values that are kept.
    package var cacheBytes: Int { cache.byteCount }

    /// What is kept of each attention layer; the bytes add up to `cacheBytes`.
    package var cacheUses: [CacheUse] { cache.uses }

    /// Logits after the last token of a sequence, `vocabulary` of them; valid inside `body` only.
    package func withLogits<R, E: Error>(
        of sequence: Int, _ body: (UnsafeBufferPointer<Float>) throws(E) -> R
    ) throws(E) -> R {
        precondition(lengths.indices.contains(sequence), "sequence \(sequence) of \(count)")
        return try body(
            UnsafeBufferPointer(start: rows.base + sequence * model.vocabulary, count: model.vocabulary))
    }

    /// Logits after the last token of a sequence. A copy.
    package func logits(of sequence: Int) -> [Float] { withLogits(of: sequence) { Array($0) } }

    /// Appends one token to each sequence.
    ///
    /// - Throws: When a token is unknown, a sequence has reached the model's limit or the work is cancelled; nothing
    ///   has changed then.
    package func step(_ tokens: [Int32]) throws(RuntimeError) {
        guard tokens.count == count else { throw .wrongTokenCount(given: tokens.count, expected: count) }
        guard count > 0 else { return }
        for (index, token) in tokens.enumerated() {
            guard token >= 0, token < model.decoding.vocabulary else {
                throw .idOutOfRange(
                    index: index, id: Int(token), limit: model.decoding.vocabulary, what: "token id")
            }
            if let limit = model.maximumTokens, lengths[index] >= limit {
                throw .sequenceTooLong(index: index, tokens: lengths[index] + 1, limit: limit)
            }
        }
        let continuing = ContinuedRows(axis: model.axis, past: lengths, memory: cache.memories)
        let group = Group(
            tokens.map(model.sequence(of:)), range: tokens.indices, schedule: model.compiled.schedule,
            continuing: continuing)
        try run(group, sequences: Array(tokens.indices))
        for index in lengths.indices { lengths[index] += 1 }
    }

    /// Goes on with some of the sequences only, which are then numbered from 0.
    ///
    /// - Parameter sequences: Numbers of those to keep, each once.
    package func keep(_ sequences: [Int]) {
        precondition(Set(sequences).count == sequences.count && sequences.allSatisfy(lengths.indices.contains))
        let kept = FloatBuffer(count: sequences.count * model.vocabulary)
        for (index, sequence) in sequences.enumerated() {
            (kept.base + index * model.vocabulary).update(
                from: rows.base + sequence * model.vocabulary, count: model.vocabulary)
        }
        rows = kept
        lengths = sequences.map { lengths[$0] }
        cache.keep(sequences)
    }

    /// Runs a group, keeps its keys and values, and takes the logits.
    private func run(_ group: Group, sequences: [Int]) throws(RuntimeError) {
        let compiled = model.compiled
        cache.reserve(for: group, sequences: sequences)
        let workspace = compiled.borrow()
        defer { compiled.giveBack(workspace) }
        let execution = try compiled.run(
            group, in: workspace, cache: CacheAccess(cache: cache, sequences: sequences))
        cache.commit(group, sequences: sequences)
        guard let logits = GroupResult(execution: execution).value(model.decoding.logits) else { return }
        for (member, sequence) in sequences.enumerated() {
            (rows.base + sequence * model.vocabulary).update(
                from: logits.base + member * logits.stride, count: logits.columns)
        }
    }
}
