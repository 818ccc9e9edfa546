import ModelGraph

/// How texts are continued.
public struct GenerationOptions: Sendable, Hashable {
    /// How each token is chosen.
    public var sampling: Sampling
    /// Tokens to add to each text at most.
    public var maximumNewTokens: Int
    /// Tokens that end a text. They are handed out, and nothing after them.
    public var endIDs: Set<Int32>

    public init(sampling: Sampling = .greedy, maximumNewTokens: Int, endIDs: Set<Int32> = []) {
        self.sampling = sampling
        self.maximumNewTokens = maximumNewTokens
        self.endIDs = endIDs
    }
}

/// One token of a text that is being continued.
public struct GeneratedToken: Sendable, Hashable {
    /// Place of the text in the batch.
    public let text: Int
    /// The token.
    public let id: Int32
    /// Whether it is the text's last one.
    public let isLast: Bool
}

extension CompiledModel {
    /// Continues texts token by token.
    ///
    /// - Parameters:
    ///   - prompts: What to continue; texts may differ in length. Of an encoder–decoder, the source text in `ids`, and
    ///     what the target starts with in `arrays`.
    ///   - target: The input whose ids are continued, where that is not the text itself: an encoder–decoder's.
    ///   - receive: Called for each token as soon as it is known, texts in batch order at each step.
    /// - Throws: `RuntimeError.unknownValue` for a model without logits a token; what `receive` throws.
    public func generate<E: Error>(
        _ prompts: [TokenSequence], target: String? = nil, options: GenerationOptions,
        receive: (GeneratedToken) throws(E) -> Void
    ) throws(RunFailure<E>) {
        guard let value = graph.value(ofOutput: "logits"), schedule.values[value] != nil else {
            throw .runtime(.unknownValue("logits"))
        }
        var texts = prompts.indices.map { Continuation(prompts[$0], index: $0, options, target, maximumTokens) }
        var active = texts.indices.filter { !texts[$0].isDone }
        while !active.isEmpty {
            for index in active { texts[index].choice = nil }
            do {
                try run(active.map { texts[$0].sequence }) { (group: GroupResult) throws(Never) in
                    guard let logits = group.value(value) else { return }
                    for member in group.sequences {
                        let rows = group.sequence(member, alongRowsOf: value)
                        guard rows.visible > 0 else { continue }
                        texts[active[member.index]].choose(logits.row(rows.rows.lowerBound + rows.visible - 1))
                    }
                }
            } catch {
                if case .runtime(let failure) = error { throw .runtime(failure) }
            }
            for index in active {
                guard let token = texts[index].advance(options) else { continue }
                do throws(E) { try receive(token) } catch { throw .receiver(error) }
            }
            active.removeAll { texts[$0].isDone }
        }
    }
}

/// A text on its way.
private struct Continuation {
    var sequence: TokenSequence
    private let index: Int
    private let target: String?
    private var sampler: TokenSampler
    /// Tokens that may still be added.
    private var room: Int
    /// The token that the last step chose.
    var choice: Int?
    private var hasEnded = false

    init(
        _ prompt: TokenSequence, index: Int, _ options: GenerationOptions, _ target: String?, _ maximumTokens: Int?
    ) {
        sequence = prompt
        self.index = index
        self.target = target
        sampler = TokenSampler(options.sampling, text: index)
        let length = target.flatMap { prompt.arrays[$0]?.ids.count } ?? prompt.ids.count
        room = min(options.maximumNewTokens, maximumTokens.map { $0 - length } ?? options.maximumNewTokens)
        // Nothing follows from nothing.
        if length == 0 { room = 0 }
    }

    var isDone: Bool { hasEnded || room <= 0 }

    mutating func choose(_ logits: some RandomAccessCollection<Float>) { choice = sampler.next(logits) }

    mutating func advance(_ options: GenerationOptions) -> GeneratedToken? {
        guard let choice, let id = Int32(exactly: choice) else {
            hasEnded = true
            return nil
        }
        room -= 1
        hasEnded = options.endIDs.contains(id)
        if let target {
            sequence.arrays[target] = InputArray(ids: (sequence.arrays[target]?.ids ?? []) + [id])
        } else {
            sequence.ids.append(id)
            if !sequence.types.isEmpty { sequence.types.append(sequence.types.last ?? 0) }
            if !sequence.mask.isEmpty { sequence.mask.append(true) }
        }
        return GeneratedToken(text: index, id: id, isLast: isDone)
    }
}
