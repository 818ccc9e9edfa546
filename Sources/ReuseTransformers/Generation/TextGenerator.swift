import BackgroundWork
import Generation
import Inputs
import ModelGraph
import Platform
import Runtime
import Tensors
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
        /// Tokens to add to a text at most; `nil`: what the model's files say, else 128.
        public var maximumNewTokens: Int?
        /// How each token is chosen.
        public var sampling: Sampling

        /// Options; without any the likeliest token is taken, as often as the model's files say.
        public init(maximumNewTokens: Int? = nil, sampling: Sampling = .greedy) {
            self.maximumNewTokens = maximumNewTokens
            self.sampling = sampling
        }

        /// Options as users of other languages give them: any that is about drawing asks for it.
        package init(maximumNewTokens: Int?, temperature: Double?, topK: Int?, topP: Double?, seed: UInt64?) {
            let draws = temperature != nil || topK != nil || topP != nil || seed != nil
            self.init(
                maximumNewTokens: maximumNewTokens,
                sampling: draws
                    ? .random(temperature: temperature ?? 1, topK: topK, topP: topP, seed: seed ?? 0) : .greedy)
        }

        /// Refuses numbers that mean nothing.
        ///
        /// - Throws: `.usage`.
        package func check() throws(TransformerError) {
            func require(_ isRight: Bool, _ problem: String) throws(TransformerError) {
                if !isRight { throw TransformerError(.usage, problem) }
            }
            let most = 1 << 20
            let isCountRight = maximumNewTokens.map { (1...most).contains($0) } ?? true
            try require(isCountRight, "new tokens are between 1 and \(most)")
            guard case .random(let temperature, let topK, let topP, _) = sampling else { return }
            try require((0...100).contains(temperature), "a temperature is between 0 and 100")
            try require(topK.map { $0 > 0 } ?? true, "top-k is positive")
            try require(topP.map { $0 > 0 && $0 <= 1 } ?? true, "top-p is above 0 and at most 1")
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
    public var continuesPrompts: Bool { reader.inputs.written == nil }

    private let model: TransformerModel
    private let reader: DataReader
    /// `nil` for a model of speech that came without one: it writes ids.
    private let tokenizer: Tokenizer?
    private let settings: GenerationSettings
    private let resources: ComputeResources
    /// Compiled when it is first used; copies of a generator share it.
    private let prepared = PreparedValue<Generation.TextGenerator>()

    /// Tokens that are added where neither the caller nor the model's files say how many.
    private static let usualCount = 128

    /// A generator of texts. The weights are packed when it is first used, or by `prepare()`.
    ///
    /// What the model's `generation_config.json` asks of the tokens is done: forced and suppressed ones, penalties,
    /// least lengths, ends. The likeliest token is taken also where the file asks for drawing or for several beams.
    ///
    /// - Throws: `.usage` for a model that predicts no next token; `.inputOutput` for one without a tokenizer;
    ///   `.unsupported` for one whose files ask for what is not done.
    public init(
        _ model: TransformerModel, resources: ComputeResources = .shared
    ) throws(TransformerError) {
        self.model = model
        self.resources = resources
        reader = try DataReader(for: model, resources: resources)
        let inputs = reader.inputs
        let readsText = inputs.kind == .text || inputs.kind == .textPairs
        guard model.task == .languageModel, readsText || inputs.written != nil else {
            throw TransformerError(.usage, path: model.path, "the model writes no texts: only language models do")
        }
        tokenizer = readsText ? try reader.tokenizer() : try? model.optionalTokenizer()
        settings = inputs.generation
        if let refusal = settings.refusal { throw TransformerError(refusal) }
    }

    /// What the model's files ask for and is done in another way, a sentence each.
    package func notes(for options: Options) -> [String] {
        var notes = reader.notes + settings.notes
        if options.sampling == .greedy, !settings.drawing.isEmpty {
            notes.append(
                "generation_config.json asks for drawing (\(settings.drawing.joined(separator: ", "))): the likeliest "
                    + "token is taken; --temperature, --top-k and --top-p draw")
        }
        return notes
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
    /// - Throws: `.usage` for options that mean nothing, `.cancelled` when the task is cancelled.
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
        var inputs: [ModelInput] = []
        for (number, prompt) in prompts.enumerated() {
            inputs.append(try input(of: prompt, number: firstPrompt + number))
        }
        let texts = try texts(after: inputs, options: options, firstPrompt: firstPrompt, work: work, receive: receive)
        return zip(prompts, texts).map { prompt, text in
            GeneratedText(prompt: prompt, text: text.text, tokenIDs: text.tokenIDs, isFinished: text.isFinished)
        }
    }

    /// Writes on this thread, after inputs that are arrays: the features of a recording, or ids.
    ///
    /// - Returns: Texts without a prompt; without text too, where the model came without a tokenizer.
    package func texts(
        after inputs: [ModelInput], options: Options, firstPrompt: Int = 0, work: Work = Work(),
        receive: (GeneratedToken) -> Void
    ) throws(TransformerError) -> [GeneratedText] {
        try options.check()
        guard !inputs.isEmpty else { return [] }
        let generator = try compiled(work)
        let inputs = try withLanguages(inputs, generator)
        let count = options.maximumNewTokens ?? settings.maximumNewTokens
        var settings = GenerationOptions(
            sampling: .init(options.sampling),
            maximumNewTokens: count ?? (self.settings.maximumLength == nil ? Self.usualCount : Int.max),
            maximumLength: count == nil ? self.settings.maximumLength : nil, endIDs: self.settings.endIDs,
            rules: self.settings.rules)
        settings.sampling.seed &+= UInt64(truncatingIfNeeded: firstPrompt) &* 0x9E37_79B9_7F4A_7C15
        let endIDs = settings.endIDs
        var ids = [[Int32]](repeating: [], count: inputs.count)
        var pieces = inputs.map { _ in tokenizer.map { PieceDecoder($0) } }
        do throws(RunFailure<TransformerError>) {
            try generator.generate(inputs, options: settings) { (token) throws(TransformerError) in
                // The loop may have been left while a token was computed.
                try work.checkCancellation()
                ids[token.text].append(token.id)
                let text = pieces[token.text]?.add(token.id, isLast: token.isLast) ?? ""
                receive(GeneratedToken(prompt: token.text, id: token.id, text: text, isLast: token.isLast))
            }
        } catch {
            switch error {
            case .runtime(let failure): throw TransformerError(failure)
            case .receiver(let failure): throw failure
            }
        }
        return ids.map { ids in
            GeneratedText(
                prompt: "", text: tokenizer?.decode(ids, cleanUpSpaces: false) ?? "", tokenIDs: ids,
                isFinished: ids.last.map(endIDs.contains) ?? false)
        }
    }

    /// Inputs whose targets begin with the language that the model hears, where its files name none.
    private func withLanguages(
        _ inputs: [ModelInput], _ generator: Generation.TextGenerator
    ) throws(TransformerError) -> [ModelInput] {
        guard !settings.languageIDs.isEmpty, let written = reader.inputs.written else { return inputs }
        var rules = GenerationRules()
        rules.allowed = settings.languageIDs
        var probes = inputs
        for index in probes.indices { probes[index].arrays[written.input] = InputArray(ids: [written.startID]) }
        let languages: [[Int32]]
        do { languages = try generator.texts(after: probes, options: .init(maximumNewTokens: 1, rules: rules)) } catch {
            throw TransformerError(error)
        }
        var result = inputs
        for (index, language) in languages.enumerated() {
            guard let ids = inputs[index].arrays[written.input]?.ids else { continue }
            result[index].arrays[written.input] = InputArray(
                ids: ids.flatMap { $0 == GenerationSettings.language ? language : [$0] })
        }
        return result
    }

    /// What the model reads before the first new token.
    ///
    /// - Throws: `.usage` for a prompt that is longer than what the model reads.
    private func input(of prompt: String, number: Int) throws(TransformerError) -> ModelInput {
        _ = try reader.tokenizer()
        var input = try TransformerError.mapping { try reader.inputs.item(of: prompt, isWhole: true).sequence }
        if let context = reader.context, input.ids.count > context {
            throw TransformerError(
                .usage, path: "prompt \(number + 1)",
                "has \(input.ids.count) tokens, and the model reads \(context) at most; shorten it")
        }
        if let target = reader.inputs.target {
            input.arrays[target.input] = target.beginning
        } else if input.ids.isEmpty, let tokenizer,
            let start = tokenizer.specialTokens.bos ?? tokenizer.specialTokens.eos
        {
            // A language model needs something to go on from, if only what texts begin or end with.
            input.ids = [start]
        }
        return input
    }

    /// A batch of arrays as the model takes them, their target begun.
    package func inputs(from arrays: [String: Tensor]) throws(TransformerError) -> [ModelInput] {
        guard let written = reader.inputs.written else {
            return try TransformerError.mapping { try GraphArrays.sequences(from: arrays, for: model.model.graph) }
        }
        var arrays = arrays
        if arrays[written.input] == nil, let rows = arrays.values.first?.shape.extents.first {
            let start = written.beginning.ids.map(Float.init)
            arrays[written.input] = Tensor(
                Array(repeating: start, count: rows).flatMap(\.self), shape: [rows, start.count])
        }
        return try TransformerError.mapping { try GraphArrays.sequences(from: arrays, for: model.model.graph) }
    }

    /// The compiled generator, whose writing ends with the work.
    private func compiled(_ work: Work) throws(TransformerError) -> Generation.TextGenerator {
        try prepared.get(checking: work.checkCancellation) { () throws(TransformerError) in
            try TransformerError.mapping {
                try Generation.TextGenerator(
                    model.model, target: reader.inputs.written?.input,
                    resources: resources.execution(work.cancellation))
            }
        }.cancelled(by: work.cancellation)
    }
}

extension Generation.Sampling {
    init(_ sampling: TextGenerator.Sampling) {
        switch sampling {
        case .greedy: self = .greedy
        case .random(let temperature, let topK, let topP, let seed):
            self.init(temperature: temperature, topK: topK, topP: topP, seed: seed)
        }
    }
}
