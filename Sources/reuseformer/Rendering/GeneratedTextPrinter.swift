import Inputs
import NumPy
import Platform
import ReuseTransformers

/// Texts that a model writes, on standard output as they come.
struct GeneratedTextPrinter {
    private let generator: TextGenerator
    private let prompts: [String]
    private let options: TextGenerator.Options

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

    init(_ loaded: TransformerModel, _ arguments: GenerationArguments, _ resources: ComputeResources) throws {
        generator = try TextGenerator(loaded, resources: resources)
        prompts = arguments.prompt
        options = arguments.options
        for note in generator.notes(for: options) {
            Terminal.note("reuseformer: note: \(Terminal.escaped(loaded.path)): \(Terminal.escaped(note))")
        }
    }

    /// Goes on from the arrays of an .npz: features of recordings, or ids.
    func run(arrays path: String, asJSON: Bool) throws {
        let inputs = try generator.inputs(from: try NumPyArchive(path: path).tensors())
        let texts = try generator.texts(after: inputs, options: options) { _ in }
        guard !asJSON else { return try print(texts) }
        for (number, text) in texts.enumerated() {
            if number > 0 { Terminal.print("") }
            let ids = text.tokenIDs.map(String.init).joined(separator: " ")
            Terminal.print(text.text.isEmpty ? ids : Terminal.readable(text.text))
        }
    }

    private func print(_ texts: [GeneratedText]) throws {
        let rows = texts.map {
            Document.Text(prompt: $0.prompt, text: $0.text, ids: $0.tokenIDs, isFinished: $0.isFinished)
        }
        try Terminal.print(document: Document(texts: rows))
    }

    /// Goes on from the prompts, or from each text of a file.
    func run(texts path: String?, _ columns: TextColumns, asJSON: Bool) throws {
        var texts: [GeneratedText] = []
        var count = 0
        func finish(_ new: [GeneratedText]) {
            for text in new {
                if asJSON {
                    texts.append(text)
                } else {
                    if count > 0 { Terminal.print("") }
                    Terminal.print(Terminal.readable(shown(text.prompt) + text.text))
                }
                count += 1
            }
        }
        if let path {
            var records = try TextRecords(path: path, columns: columns.columns, contents: .texts(atMost: 1))
            var batch: [String] = []
            var isAtEnd = false
            while !isAtEnd {
                switch try records.next() {
                case .line(let text)?: batch.append(text)
                case .fields(let texts)?: batch += texts
                case nil: isAtEnd = true
                }
                guard isAtEnd || batch.count == Self.batchSize else { continue }
                finish(try generator.texts(after: batch, options: options, firstPrompt: count) { _ in })
                batch = []
            }
        } else if prompts.count == 1, !asJSON {
            try stream(prompts[0])
        } else {
            finish(try generator.texts(after: prompts, options: options) { _ in })
        }
        if asJSON { try print(texts) }
    }

    /// Prints what is written after a prompt token by token.
    private func stream(_ prompt: String) throws {
        Terminal.write(Terminal.readable(shown(prompt)), to: STDOUT_FILENO)
        _ = try generator.texts(after: [prompt], options: options) { token in
            Terminal.write(Terminal.readable(token.text), to: STDOUT_FILENO)
        }
        Terminal.print("")
    }

    /// A decoder goes on in the prompt's text; an encoder–decoder answers it.
    private func shown(_ prompt: String) -> String { generator.continuesPrompts ? prompt : "" }
}
