import ModelGraph
import Runtime

/// Sequences that grow by a token at a time.
///
/// Not for use from several threads at once.
package final class DecodingSession {
    private let model: DecoderModel
    private let run: ContinuedRun
    /// Tokens of each sequence, prompt included.
    package private(set) var lengths: [Int]
    /// Logits after each sequence's last token, one sequence after the other.
    private var rows: [Float]

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
        run = try model.run(of: prompts.count)
        lengths = prompts.map { model.tokens(of: $0).count }
        rows = [Float](repeating: 0, count: prompts.count * model.vocabulary)
        try run.start(prompts) { takeLogits($0, of: $1) }
    }

    /// Number of sequences.
    package var count: Int { lengths.count }

    /// Bytes of all keys and values that are kept.
    package var cacheBytes: Int { run.cacheBytes }

    /// What is kept of each attention layer; the bytes add up to `cacheBytes`.
    package var cacheUses: [CacheUse] { run.cacheUses }

    /// Logits after the last token of a sequence, `vocabulary` of them; valid inside `body` only.
    package func withLogits<R, E: Error>(
        of sequence: Int, _ body: (UnsafeBufferPointer<Float>) throws(E) -> R
    ) throws(E) -> R {
        precondition(lengths.indices.contains(sequence), "sequence \(sequence) of \(count)")
        return try rows.withUnsafeBufferPointer { (rows) throws(E) -> R in
            try body(UnsafeBufferPointer(rebasing: rows[range(of: sequence)]))
        }
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
        try run.append(tokens.map(model.sequence(of:)), past: lengths) { takeLogits($0, of: $1) }
        for index in lengths.indices { lengths[index] += 1 }
    }

    /// Goes on with some of the sequences only, which are then numbered from 0.
    ///
    /// - Parameter sequences: Numbers of those to keep, each once.
    package func keep(_ sequences: [Int]) {
        precondition(Set(sequences).count == sequences.count && sequences.allSatisfy(lengths.indices.contains))
        var kept: [Float] = []
        kept.reserveCapacity(sequences.count * model.vocabulary)
        for sequence in sequences { kept += rows[range(of: sequence)] }
        rows = kept
        lengths = sequences.map { lengths[$0] }
        run.keep(sequences)
    }

    /// Where a sequence's logits stand among all.
    private func range(of sequence: Int) -> Range<Int> {
        sequence * model.vocabulary..<(sequence + 1) * model.vocabulary
    }

    /// Keeps the logits of a group of sequences.
    private func takeLogits(_ group: GroupResult, of sequences: Range<Int>) {
        guard let logits = group.value(model.decoding.logits) else { return }
        rows.withUnsafeMutableBufferPointer { rows in
            for (member, sequence) in sequences.enumerated() {
                let target = UnsafeMutableBufferPointer(rebasing: rows[range(of: sequence)])
                _ = target.update(fromContentsOf: logits.row(member))
            }
        }
    }
}
