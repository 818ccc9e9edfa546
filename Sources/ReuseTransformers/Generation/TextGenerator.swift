import Inputs
import ModelGraph
import Platform
import Runtime
import Tokenization

/// Lets a language model write: it continues texts, or answers them.
///
///     let generator = try TextGenerator(model)
///     for try await token in generator.tokens(after: "Once upon a time") {
///         print(token.text, terminator: "")
///     }
///
/// Keys and values of earlier tokens are kept, so that a token costs about twice the model's parameters in
/// multiply-adds. One generator serves any number of concurrent callers; the same options give the same text.
public struct TextGenerator: Sendable {
    /// How texts are continued.
    public struct Options: Sendable, Hashable {
        /// Tokens to add to a text at most.
        public var maximumNewTokens: Int
        /// How each token is chosen.
        public var sampling: Sampling

        /// Options; without any the likeliest token is taken, at most 128 times.
        public init(maximumNewTokens: Int = 128, sampling: Sampling = .greedy) {
            self.maximumNewTokens = maximumNewTokens
            self.sampling = sampling
        }
    }

    /// How each token is chosen.
    public enum Sampling: Sendable, Hashable {
        /// The likeliest one.
        case greedy
        /// One is drawn: below a temperature of 1 likely ones become likelier, above it less so; among the `topK`
        /// likeliest; among the likeliest that together have the probability `topP`. The same seed gives the same text.
        case random(temperature: Double = 1, topK: Int? = nil, topP: Double? = nil, seed: UInt64 = 0)
    }

    /// Whether texts go on from the prompt (a decoder), rather than answer it (an encoder–decoder).
    public var continuesPrompts: Bool { reader.inputs.target == nil }

    private let model: TransformerModel
    private let reader: DataReader
    private let tokenizer: Tokenizer
    private let endIDs: Set<Int32>
    private let resources: ComputeResources
    /// Compiled when it is first used; copies of a generator share it.
    private let prepared = PreparedValue<Runtime.TextGenerator>()

    /// A generator of texts. The weights are packed when it is first used, or by `prepare()`.
    ///
    /// - Throws: `.usage` for a model that predicts no next token; `.inputOutput` for one without a tokenizer.
    public init(
        _ model: TransformerModel, resources: ComputeResources = .shared
    ) throws(TransformerError) {
        self.model = model
        self.resources = resources
        reader = try DataReader(for: model, resources: resources)
        tokenizer = try reader.tokenizer()
        guard model.task == .languageModel, reader.inputs.kind == .text || reader.inputs.kind == .textPairs else {
            throw TransformerError(.usage, path: model.path, "the model writes no texts: only language models do")
        }
        endIDs = GenerationSettings(assets: model.model.assets, tokenizer: tokenizer).endIDs
    }

    /// Packs the weights now rather than at the first use.
    public func prepare() async throws(TransformerError) {
        try await resources.queue.run { (cancellation) throws(TransformerError) in
            _ = try compiled(Work(cancellation: cancellation))
        }
    }

    /// The tokens that continue or answer a prompt, as they come.
    ///
    /// Writing begins with the first iteration and ends when the loop is left or the task is cancelled.
    ///
    /// - Returns: A sequence that throws `TransformerError`.
    public func tokens(after prompt: String, options: Options = Options()) -> GeneratedTokens {
        GeneratedTokens(queue: resources.queue) { (cancellation, receive) throws(TransformerError) in
            let work = Work(cancellation: cancellation)
            _ = try texts(after: [prompt], options: options, work: work, receive: receive)
        }
    }

    /// The texts that continue or answer prompts, which are worked on together.
    ///
    /// - Throws: `.cancelled` when the task is cancelled.
    public func texts(
        after prompts: [String], options: Options = Options()
    ) async throws(TransformerError) -> [GeneratedText] {
        try await resources.queue.run { (cancellation) throws(TransformerError) in
            try texts(after: prompts, options: options, work: Work(cancellation: cancellation)) { _ in }
        }
    }

    /// The text that continues or answers a prompt.
    public func text(after prompt: String, options: Options = Options()) async throws(TransformerError) -> String {
        try await texts(after: [prompt], options: options)[0].text
    }

    /// Writes on this thread.
    ///
    /// - Parameters:
    ///   - firstPrompt: Number of the first prompt among all that are worked on in parts: each part draws its own
    ///     random numbers.
    ///   - receive: Called for each token as it comes.
    package func texts(
        after prompts: [String], options: Options, firstPrompt: Int = 0, work: Work = Work(),
        receive: (GeneratedToken) -> Void
    ) throws(TransformerError) -> [GeneratedText] {
        guard !prompts.isEmpty else { return [] }
        let generator = try compiled(work)
        var settings = GenerationOptions(
            sampling: .init(options.sampling), maximumNewTokens: options.maximumNewTokens, endIDs: endIDs)
        settings.sampling.seed &+= UInt64(truncatingIfNeeded: firstPrompt) &* 0x9E37_79B9_7F4A_7C15
        let inputs = try prompts.map { (prompt) throws(TransformerError) in try input(of: prompt) }
        var ids = [[Int32]](repeating: [], count: prompts.count)
        var pieces = prompts.map { _ in PieceDecoder(tokenizer) }
        do throws(RunFailure<TransformerError>) {
            try generator.generate(inputs, options: settings) { (token) throws(TransformerError) in
                // The loop may have been left while a token was computed.
                try work.checkCancellation()
                ids[token.text].append(token.id)
                let text = pieces[token.text].add(token.id, isLast: token.isLast)
                receive(GeneratedToken(prompt: token.text, id: token.id, text: text, isLast: token.isLast))
            }
        } catch {
            switch error {
            case .runtime(let failure): throw TransformerError(failure)
            case .receiver(let failure): throw failure
            }
        }
        return zip(prompts, ids).map { prompt, ids in
            GeneratedText(
                prompt: prompt, text: tokenizer.decode(ids, cleanUpSpaces: false), tokenIDs: ids,
                isFinished: ids.last.map(endIDs.contains) ?? false)
        }
    }

    /// What the model reads before the first new token.
    private func input(of prompt: String) throws(TransformerError) -> ModelInput {
        var input = try reader.sequence(of: prompt)
        if let target = reader.inputs.target {
            input.arrays[target.input] = target.beginning
        } else if input.ids.isEmpty, let start = tokenizer.specialTokens.bos ?? tokenizer.specialTokens.eos {
            // A language model needs something to go on from, if only what texts begin or end with.
            input.ids = [start]
        }
        return input
    }

    /// The compiled generator, whose writing ends with the work.
    private func compiled(_ work: Work) throws(TransformerError) -> Runtime.TextGenerator {
        try prepared.get(work) {
            try Runtime.TextGenerator(
                model.model, target: reader.inputs.target?.input, resources: resources.execution(work.cancellation))
        }.cancelled(by: work.cancellation)
    }
}

extension Runtime.Sampling {
    init(_ sampling: TextGenerator.Sampling) {
        switch sampling {
        case .greedy: self = .greedy
        case .random(let temperature, let topK, let topP, let seed):
            self.init(temperature: temperature, topK: topK, topP: topP, seed: seed)
        }
    }
}
