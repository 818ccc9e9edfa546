import ModelGraph
import Platform
import Runtime

/// How texts are continued.
package struct GenerationOptions: Sendable, Hashable {
    /// How each token is chosen.
    package var sampling: Sampling
    /// Tokens to add to each text at most.
    package var maximumNewTokens: Int
    /// Tokens of each text at most, those that it goes on from counted; a first one is always added.
    package var maximumLength: Int?
    /// Tokens that end a text. They are handed out, and nothing after them.
    package var endIDs: Set<Int32>
    /// What the model's files ask of the tokens.
    package var rules: GenerationRules

    package init(
        sampling: Sampling = .greedy, maximumNewTokens: Int, maximumLength: Int? = nil, endIDs: Set<Int32> = [],
        rules: GenerationRules = GenerationRules()
    ) {
        self.maximumLength = maximumLength
        self.sampling = sampling
        self.maximumNewTokens = maximumNewTokens
        self.endIDs = endIDs
        self.rules = rules
    }
}

/// One token of a text that is being continued.
package struct GeneratedToken: Sendable, Hashable {
    /// Index of the text in the batch.
    package let text: Int
    /// The token.
    package let id: Int32
    /// Whether it is the text's last one.
    package let isLast: Bool
}

extension GenerationOptions {
    /// Tokens that may be added to a text of some length, as far as these options go.
    func limit(after length: Int) -> Int {
        min(maximumNewTokens, maximumLength.map { max(1, $0 - length) } ?? maximumNewTokens)
    }
}

/// A language model that writes: it continues texts, or answers them, token by token.
///
/// Keys and values of earlier tokens are kept (`DecodingSession`). A model that cannot go on from them, because some
/// value of its graph looks at all tokens at once, runs over the whole text for every token.
package final class TextGenerator: Sendable {
    private enum Strategy: Sendable {
        case incremental(DecoderModel)
        case recomputing(CompiledModel, logits: String)
    }

    private let strategy: Strategy
    private let target: String?
    /// Tokens that the model's positions reach; `nil`: any number.
    package let maximumTokens: Int?

    /// Whether only new tokens are computed.
    package var isIncremental: Bool { if case .incremental = strategy { true } else { false } }

    /// Compiles a model.
    ///
    /// - Parameters:
    ///   - target: The input whose ids are continued, where that is not the text itself: an encoder–decoder's.
    ///   - resources: Threads, kernels and cancellation.
    /// - Throws: `RuntimeError.unknownValue` for a model without logits.
    package init(
        _ model: Model, target: String? = nil, resources: ExecutionResources = ExecutionResources()
    ) throws(RuntimeError) {
        self.target = target
        guard let logits = model.graph.value(ofOutput: "logits") else { throw .unknownValue("logits") }
        do {
            let decoder = try DecoderModel(model, resources: resources)
            maximumTokens = [decoder.maximumTokens, decoder.compiled.maximumTokens].compactMap(\.self).min()
            strategy = .incremental(decoder)
        } catch {
            guard case .notIncremental = error else { throw error }
            let compiled = try CompiledModel(
                model, options: .init(resources: resources, observation: Observation(values: [logits])))
            maximumTokens = compiled.maximumTokens
            strategy = .recomputing(compiled, logits: logits)
        }
    }

    private init(_ other: TextGenerator, cancellation: Cancellation) {
        target = other.target
        maximumTokens = other.maximumTokens
        strategy =
            switch other.strategy {
            case .incremental(let decoder): .incremental(decoder.cancelled(by: cancellation))
            case .recomputing(let compiled, let logits):
                .recomputing(compiled.cancelled(by: cancellation), logits: logits)
            }
    }

    /// The same generator, whose writing ends when `cancellation` is requested.
    package func cancelled(by cancellation: Cancellation) -> TextGenerator {
        TextGenerator(self, cancellation: cancellation)
    }

    /// Continues texts.
    ///
    /// - Parameters:
    ///   - prompts: What to continue; texts may differ in length. Of an encoder–decoder, the source text in `ids`, and
    ///     what the target starts with in `arrays`. A text without tokens stays empty: nothing follows from nothing.
    ///   - receive: Called for each token as soon as it is known, texts in batch order at each step.
    package func generate<E: Error>(
        _ prompts: [ModelInput], options: GenerationOptions, receive: (GeneratedToken) throws(E) -> Void
    ) throws(RunFailure<E>) {
        var texts = prompts.enumerated().map { index, prompt in
            Continuation(
                index, room: room(after: prompt, options),
                ids: target.map { prompt.arrays[$0]?.ids ?? [] } ?? prompt.ids, source: prompt.ids, options)
        }
        var active = texts.indices.filter { !texts[$0].isDone }
        guard !active.isEmpty else { return }
        let stepper: any TokenStepper
        do { stepper = try self.stepper(of: active.map { prompts[$0] }) } catch { throw .runtime(error) }
        var scratch: [Float] = []
        while true {
            let tokens = active.enumerated().map { number, text in
                stepper.withLogits(of: number) { texts[text].next($0, &scratch) }
            }
            for (text, token) in zip(active, tokens) {
                guard let token else { continue }
                let generated = GeneratedToken(text: text, id: token, isLast: texts[text].isDone)
                do throws(E) { try receive(generated) } catch { throw .receiver(error) }
            }
            let going = active.indices.filter { !texts[active[$0]].isDone }
            if going.isEmpty { return }
            if going.count < active.count { stepper.keep(going) }
            active = going.map { active[$0] }
            do { try stepper.step(going.compactMap { tokens[$0] }) } catch { throw .runtime(error) }
        }
    }

    /// Continues texts and returns the tokens that were added to each.
    package func texts(after prompts: [ModelInput], options: GenerationOptions) throws(RuntimeError) -> [[Int32]] {
        var texts = [[Int32]](repeating: [], count: prompts.count)
        do {
            try generate(prompts, options: options) { (token) throws(Never) in texts[token.text].append(token.id) }
        } catch {
            if case .runtime(let failure) = error { throw failure }
        }
        return texts
    }

    /// Tokens that may be added to a text. The last one is only predicted and needs no position.
    private func room(after prompt: ModelInput, _ options: GenerationOptions) -> Int {
        let length = target.flatMap { prompt.arrays[$0]?.ids.count } ?? prompt.ids.count
        if length == 0 { return 0 }
        let limit = options.limit(after: length)
        return min(limit, maximumTokens.map { $0 - length + 1 } ?? limit)
    }

    private func stepper(of prompts: [ModelInput]) throws(RuntimeError) -> any TokenStepper {
        switch strategy {
        case .incremental(let decoder): try decoder.session(prompts)
        case .recomputing(let compiled, let logits):
            try RecomputingStepper(compiled, prompts, logits: logits, target: target)
        }
    }
}

/// A text on its way.
private struct Continuation {
    private var sampler: TokenSampler
    private let endIDs: Set<Int32>
    /// `nil` where the files ask for nothing.
    private var rules: RuledText?
    /// Tokens that may still be added.
    private var room: Int
    private var hasEnded = false

    init(_ index: Int, room: Int, ids: [Int32], source: [Int32], _ options: GenerationOptions) {
        sampler = TokenSampler(options.sampling, text: index)
        endIDs = options.endIDs
        self.room = room
        if !options.rules.isEmpty {
            rules = RuledText(
                options.rules, ids: ids, source: source, endIDs: options.endIDs,
                maximumNewTokens: options.limit(after: ids.count))
        }
    }

    var isDone: Bool { hasEnded || room <= 0 }

    /// The token that these logits lead to; `nil` when none is a number, which ends the text.
    ///
    /// - Parameter scratch: Space for logits that rules change.
    mutating func next(_ logits: UnsafeBufferPointer<Float>, _ scratch: inout [Float]) -> Int32? {
        let chosen: Int?
        if let rules {
            scratch.removeAll(keepingCapacity: true)
            scratch.append(contentsOf: logits)
            rules.apply(to: &scratch)
            chosen = sampler.next(scratch)
        } else {
            chosen = sampler.next(logits)
        }
        guard let id = chosen.flatMap({ Int32(exactly: $0) }) else {
            hasEnded = true
            return nil
        }
        rules?.append(id)
        room -= 1
        hasEnded = endIDs.contains(id)
        return id
    }
}
