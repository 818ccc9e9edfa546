import Inputs
import JSON
import ModelGraph
import Platform
import Runtime
import Tokenization

/// Texts that a model writes, on standard output as they come.
struct GenerationStage {
    private let loaded: LoadedModel
    private let reader: TextReader
    private let tokenizer: Tokenizer
    private let generator: TextGenerator
    private let prompts: [String]
    private let options: GenerationOptions

    private static let defaultLength = 128
    /// Prompts of a file that are gone on from at once.
    private static let batchSize = 32

    /// What `--json` prints.
    private struct Document: Encodable {
        struct Text: Encodable {
            let prompt: String
            let text: String
            let ids: [Int32]
            /// Whether the model ended it, rather than the limit.
            let isFinished: Bool
        }

        let texts: [Text]
    }

    init(_ loaded: LoadedModel, _ arguments: GenerationArguments, resources: ExecutionResources) throws {
        self.loaded = loaded
        reader = try TextReader(for: loaded)
        tokenizer = try reader.tokenizer()
        guard loaded.model.graph.use == .languageModel,
            reader.inputs.kind == .text || reader.inputs.kind == .textPairs
        else {
            throw CommandError.usage("\(loaded.path): the model writes no texts; --generate is for language models")
        }
        generator = try TextGenerator(loaded.model, target: reader.inputs.target?.input, resources: resources)
        prompts = arguments.prompt
        let ends = GenerationSettings(assets: loaded.model.assets, tokenizer: tokenizer).endIDs
        options = GenerationOptions(
            sampling: arguments.sampling, maximumNewTokens: arguments.maxNewTokens ?? Self.defaultLength, endIDs: ends)
    }

    /// Goes on from the prompts, or from each line of a file.
    func run(texts path: String?, asJSON: Bool) throws {
        var texts: [Document.Text] = []
        var count = 0
        func finish(_ text: Document.Text, isStreamed: Bool) {
            if asJSON {
                texts.append(text)
            } else if !isStreamed {
                if count > 0 { Terminal.print("") }
                Terminal.print(Terminal.readable(shownPrompt(text.prompt) + text.text))
            }
            count += 1
        }
        if let path {
            var lines = try TextLines(path: path)
            var batch: [String] = []
            var isAtEnd = false
            while !isAtEnd {
                if let line = try lines.next() { batch.append(line) } else { isAtEnd = true }
                guard isAtEnd || batch.count == Self.batchSize else { continue }
                for text in try answers(to: batch, firstText: count) { finish(text, isStreamed: false) }
                batch = []
            }
        } else if prompts.count == 1, !asJSON {
            for text in try answers(to: prompts, firstText: 0, streamed: true) { finish(text, isStreamed: true) }
        } else {
            for text in try answers(to: prompts, firstText: 0) { finish(text, isStreamed: false) }
        }
        if asJSON { try Terminal.print(document: Document(texts: texts)) }
    }

    /// A decoder goes on in the prompt's text; an encoder–decoder answers it.
    private func shownPrompt(_ prompt: String) -> String { reader.inputs.target == nil ? prompt : "" }

    private func answers(
        to prompts: [String], firstText: Int, streamed: Bool = false
    ) throws -> [Document.Text] {
        guard !prompts.isEmpty else { return [] }
        var options = options
        // Each batch of a file draws its own numbers.
        options.sampling.seed &+= UInt64(truncatingIfNeeded: firstText) &* 0x9E37_79B9_7F4A_7C15
        var sequences = try prompts.map { try reader.sequence(of: $0) }
        let target = reader.inputs.target
        if let target {
            for index in sequences.indices { sequences[index].arrays[target.input] = target.beginning }
        }
        // A language model needs something to go on from, if only what texts begin or end with.
        if target == nil, let start = tokenizer.specialTokens.bos ?? tokenizer.specialTokens.eos {
            for index in sequences.indices where sequences[index].ids.isEmpty { sequences[index].ids = [start] }
        }
        var ids = [[Int32]](repeating: [], count: prompts.count)
        var stream = streamed ? TextStream(tokenizer) : nil
        if streamed { Terminal.write(Terminal.readable(shownPrompt(prompts[0])), to: STDOUT_FILENO) }
        do {
            try generator.generate(sequences, options: options) { (token) throws(Never) in
                ids[token.text].append(token.id)
                if let text = stream?.add(token.id, isLast: token.isLast) {
                    Terminal.write(Terminal.readable(text), to: STDOUT_FILENO)
                }
            }
        } catch {
            if case .runtime(let failure) = error { throw failure }
        }
        if streamed { Terminal.print("") }
        return zip(prompts, ids).map { prompt, ids in
            Document.Text(
                prompt: prompt, text: tokenizer.decode(ids, cleanUpSpaces: false), ids: ids,
                isFinished: ids.last.map(options.endIDs.contains) ?? false)
        }
    }
}

/// Decodes tokens one by one: hands out what can no longer change.
struct TextStream {
    private let tokenizer: Tokenizer
    private var ids: [Int32] = []
    private var shown: String.UnicodeScalarView = .init()

    init(_ tokenizer: Tokenizer) { self.tokenizer = tokenizer }

    /// The text that a token adds; empty while a character is incomplete.
    mutating func add(_ id: Int32, isLast: Bool) -> String {
        ids.append(id)
        let text = tokenizer.decode(ids, cleanUpSpaces: false).unicodeScalars
        // A replacement character at the end may be the first bytes of a character.
        if !isLast, text.last == "\u{FFFD}" { return "" }
        let new = String.UnicodeScalarView(text.dropFirst(shown.count))
        shown = text
        return String(new)
    }
}
