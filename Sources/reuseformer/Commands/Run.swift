import ArgumentParser
import Checkpoints
import Inputs
import ModelGraph
import NumPy
import Outputs
import Reporting
import ReuseTransformers
import Runtime
import Tensors

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a model on texts, pictures or arrays, or generate text with it.",
        discussion: """
              reuseformer run MODEL --texts sentences.txt -o embeddings.npy

            writes sentence embeddings, one row a text, float32 [texts, width], made as the model's files say; of a \
            model whose files say nothing, the mean of its last hidden states.

            Texts from a table, and from another program, with the result for a third one:

              reuseformer run MODEL --texts reviews.csv --column review -o embeddings.npy
              generate-texts | reuseformer run MODEL --texts - -o - | use-embeddings

            Scores of pairs of texts, text<TAB>text a line, by a cross-encoder:

              reuseformer run MODEL --pairs pairs.tsv -o scores.npy

            Scores of a classifier, [texts, labels]:

              reuseformer run MODEL --texts sentences.txt --logits -o scores.npy

            What a language model writes after a prompt, or after each line of a file; an encoder–decoder's answers:

              reuseformer run MODEL --generate --prompt "ROMEO:" --top-p 0.9 --seed 7
              reuseformer run MODEL --generate --texts questions.txt

            The likeliest classes of pictures, PNG or JPEG:

              reuseformer run MODEL --images pictures/ --top 3

            Everything that a model computes, under the frameworks' names, zeros at padding (hidden_states, \
            attentions_0 …, last_hidden_state, pooler_output, logits), from texts or from an .npz that holds input_ids \
            and where the model has them attention_mask and token_type_ids, [batch, tokens]:

              reuseformer run MODEL --inputs in.npz --dump hidden,attentions -o out.npz

            \(SharedHelp.reading)
            """)

    /// What `--dump` can ask for.
    enum Part: String, CaseIterable {
        case hidden, attentions, logits, pooled
        /// What the model is given: token ids, pixels.
        case inputs

        var selection: OutputSelection {
            switch self {
            case .inputs: []
            case .hidden: .hidden
            case .attentions: .attentions
            case .logits: .logits
            case .pooled: .pooled
            }
        }
    }

    @OptionGroup var model: ModelArgument

    @Option(
        help: ArgumentHelp(
            "Texts to run on: UTF-8, one a line (an empty line is a text), or a table with --column; - is standard "
                + "input.", valueName: "file"),
        completion: .file())
    var texts: String?

    @Option(
        help: ArgumentHelp("A picture to run on, or a folder of them: PNG or JPEG.", valueName: "path"),
        completion: .directory)
    var images: String?

    @Flag(help: "Stop at the first picture of a folder that cannot be read; without it such pictures are listed.")
    var strict = false

    @Option(
        help: ArgumentHelp("An .npz with the model's own inputs.", valueName: "file"),
        completion: .file(extensions: ["npz"]))
    var inputs: String?

    @Option(
        help: ArgumentHelp("Pairs of texts to run on: text<TAB>text a line.", valueName: "file"),
        completion: .file(extensions: ["tsv"]))
    var pairs: String?

    @OptionGroup var tables: TableOptions

    @Option(
        help: "How a text's last hidden states become its embedding (default: as the model's files say, else mean).")
    var pool: TextEmbedder.Pooling?

    @Flag(
        inversion: .prefixedNo,
        help: "Divide each embedding by its length, or leave it as it is, whatever the model's files say.")
    var normalize: Bool?

    @Option(
        help: ArgumentHelp(
            "Longest text in tokens, whatever the model's files say; longer ones are cut.", valueName: "count"))
    var maxLength: Int?

    @Flag(help: "Write the logits of a model that gives one row a text, before any function of them.")
    var logits = false

    @Option(
        help: ArgumentHelp(
            "Write these instead, comma-separated: hidden, attentions, logits, pooled; inputs: what the model is "
                + "given.",
            valueName: "parts"))
    var dump: String?

    @Option(
        help: ArgumentHelp("Classes to print of each picture, when no file is written.", valueName: "count"))
    var top = 5

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("File to write: .npy, or .npz with --dump; - is standard output.", valueName: "file"),
        completion: .file())
    var output: String?

    @OptionGroup(title: "Generation") var generation: GenerationArguments
    @OptionGroup(visibility: .hidden) var reading: CheckpointOptions
    @OptionGroup var threads: ThreadsOption
    @OptionGroup var memory: MemoryOption
    @OptionGroup var json: JSONOption
    @OptionGroup var force: ForceOption
    @OptionGroup var quiet: QuietOption

    /// Items that go through the model at once.
    private static let batchSize = 512

    private func resources() throws -> ComputeResources {
        try threads.resources(memory: memory, beside: output)
    }

    func validate() throws {
        if generation.generate { return try validateGeneration() }
        try generation.refuseAll()
        if [texts, pairs, images, inputs].count(where: { $0 != nil }) != 1 {
            throw ValidationError("Give one of --texts, --pairs, --images and --inputs.")
        }
        if generation.prompt.count > 1 { throw ValidationError("Only one --prompt stands before a text.") }
        if texts == nil, pairs == nil, maxLength != nil || !generation.prompt.isEmpty {
            throw ValidationError("--max-length and --prompt are about texts.")
        }
        if pairs != nil, pool != nil || normalize != nil || !generation.prompt.isEmpty {
            throw ValidationError("--pairs are scored: it goes without --pool, --normalize and --prompt.")
        }
        if let maxLength, maxLength < 4 { throw ValidationError("--max-length must be at least 4 tokens.") }
        guard let output else {
            guard images != nil, dump == nil, pool == nil, normalize == nil, !logits else {
                throw ValidationError("Give --output; only classes of --images and texts of --generate are printed.")
            }
            if !(1...1000).contains(top) { throw ValidationError("--top is between 1 and 1000.") }
            return
        }
        if json.json { throw ValidationError("--json is for what is printed; leave out --output.") }
        if let dump {
            _ = try selection(dump)
            if pool != nil || normalize != nil || logits {
                throw ValidationError(
                    "--dump writes what the model computes; leave out --pool, --normalize and --logits.")
            }
        } else if output.hasSuffix(".npz") {
            throw ValidationError("An .npz holds several arrays: say which with --dump, or write to an .npy.")
        }
        if logits, pool != nil || normalize != nil {
            throw ValidationError("--logits goes without --pool and --normalize.")
        }
    }

    private func validateGeneration() throws {
        if images != nil || dump != nil || pool != nil || normalize != nil || logits || output != nil || pairs != nil
            || maxLength != nil
        {
            throw ValidationError("--generate prints texts: it goes with --prompt, --texts or --inputs only.")
        }
        if [texts != nil, inputs != nil, !generation.prompt.isEmpty].count(where: \.self) != 1 {
            throw ValidationError("Give one of --prompt, --texts and --inputs.")
        }
    }

    func run() throws {
        quiet.apply()
        try OutputFile.check(output, as: dump == nil ? .arrays : .archive, force: force.force)
        if texts == nil, pairs == nil, tables.columns() != TextColumns() {
            throw CommandError.usage("--column and --format are about the files of --texts and --pairs")
        }
        var given = InputPaths(tables.columns())
        given.append(texts ?? pairs, as: .texts)
        given.append(inputs, as: .arrays)
        try given.check()
        // Its directory says whether it is an archive at all.
        if let inputs { _ = try NumPyArchive(path: inputs) }
        let progress = Progress(steps: output == nil ? 1 : 2)
        defer { progress.abandon() }
        progress.begin("Reading the model")
        var loaded = try reading.model(at: model.model)
        if let inputs, loaded.model.graph.resizablePicture != nil {
            loaded = try loaded.fitted(to: try NumPyArchive(path: inputs).tensors())
        }
        if output == nil { progress.end() } else { progress.begin("Running the model") }
        if generation.generate {
            let printer = try GeneratedTextPrinter(loaded, generation, try resources())
            if let inputs {
                try printer.run(arrays: inputs, asJSON: json.json)
            } else {
                try printer.run(texts: texts, tables.columns(), asJSON: json.json)
            }
        } else if let output, let dump {
            let count = try write(parts: try selection(dump), of: loaded, to: output)
            progress.end()
            Terminal.noteWritten(output, "\(count) \(count == 1 ? "array" : "arrays")")
        } else if let output {
            let (rows, width) = try writeRows(of: loaded, to: output)
            progress.end()
            Terminal.noteWritten(output, "\(rows) \(rows == 1 ? "row" : "rows") of \(width)")
        } else if let images {
            let printer = try PictureClassPrinter(loaded, try resources())
            try printer.run(
                path: images, top: top, asJSON: json.json, unreadable: UnreadablePictures(isStrict: strict))
        }
    }

    private func selection(_ text: String) throws -> OutputSelection {
        var selection: OutputSelection = []
        for name in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let part = Part(rawValue: String(name)) else {
                let known = Part.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("--dump knows \(known), not \"\(name)\".")
            }
            selection.formUnion(part.selection)
        }
        return selection
    }

    /// Whether `--dump` asks for what the model is given.
    private var dumpsInputs: Bool { dump?.split(separator: ",").contains("inputs") ?? false }

    /// Writes what `--dump` asks for; gives the number of arrays.
    private func write(parts: OutputSelection, of loaded: TransformerModel, to output: String) throws -> Int {
        var sequences: [ModelInput] = []
        try forEachBatch(for: loaded) { sequences += $0 }
        var arrays: [(name: String, tensor: Tensor)] = []
        if dumpsInputs { arrays = GraphArrays.arrays(of: sequences, for: loaded.model.graph) }
        if !parts.isEmpty {
            arrays += try PaddedOutputs(
                of: loaded.model, for: sequences, selecting: parts, resources: resources().execution()
            ).arrays
        }
        for (name, tensor) in arrays where tensor.dtype.isFloatingPoint {
            guard try loaded.lacksNumbers(in: tensor.floats) else { continue }
            Terminal.note("reuseformer: note: \(name) holds what is no number; so does an input, or sums are too large")
        }
        guard !arrays.isEmpty else {
            throw CommandError.usage("\(loaded.path): the model computes none of what --dump asks for")
        }
        try OutputFile.produce(output) { path in
            var archive = try NumPyArchiveWriter(path: path)
            for (name, tensor) in arrays { try archive.append(tensor, named: name) }
            try archive.close()
        }
        return arrays.count
    }

    /// Writes a row an item; gives their number and their width.
    private func writeRows(of loaded: TransformerModel, to output: String) throws -> (rows: Int, width: Int) {
        if logits || pairs != nil { try requireScores(of: loaded) }
        let source: RowModel.Source =
            logits
            ? .predictions
            : pairs != nil
                ? .scores(loaded.pairActivation)
                : .embedding(pool.map(ModelGraph.Pooling.init), normalizes: normalize)
        let model = try RowModel(loaded, source, resources: try resources())
        // One score a pair is a column of numbers, as the library has it.
        let shape: Shape = pairs != nil && !logits && model.width == 1 ? [] : [model.width]
        var count = 0
        try OutputFile.produce(output) { path in
            var rows = try NumPyRowWriter(path: path, dtype: .float32, rowShape: shape)
            try forEachBatch(for: loaded) { batch in
                let values = try model.rows(of: batch)
                count += batch.count
                try rows.append(values.reshaped(Shape([batch.count] + shape.extents)) ?? values)
            }
            try rows.close()
        }
        if let exits = model.exits { Terminal.note("reuseformer: note: \(ExitText.text(exits))") }
        return (count, model.width)
    }

    /// Says which options a model needs that gives no row of scores an item.
    private func requireScores(of loaded: TransformerModel) throws {
        switch loaded.scores {
        case .perItem: return
        case .none:
            throw CommandError.usage(
                "\(loaded.path): the model has no logits; give --texts without --logits for embeddings")
        case .perToken:
            throw CommandError.usage(
                "\(loaded.path): the model gives logits for every token, not one row a text; "
                    + "use --dump logits -o out.npz")
        }
    }

    /// Hands out the inputs in order, a batch at a time, so that memory does not grow with the file.
    private func forEachBatch(for loaded: TransformerModel, _ body: ([ModelInput]) throws -> Void) throws {
        if let inputs {
            // What a model reads itself needs no tokenizer.
            let arrays = try NumPyArchive(path: inputs).tensors()
            try body(try GraphArrays.sequences(from: arrays, for: loaded.model.graph))
        } else if let path = texts ?? pairs ?? images {
            let reader = try DataReader(
                for: loaded, replacingLimit: maxLength, prompt: generation.prompt.first,
                pairing: pairs == nil ? .never : .always, columns: tables.columns())
            let truncation = TruncationNotes()
            truncation.watch(reader, unit: pairs == nil ? .text : .pair)
            notePrompt(loaded)
            for note in reader.notes {
                Terminal.note("reuseformer: note: \(Terminal.escaped(loaded.path)): \(Terminal.escaped(note))")
            }
            let unreadable = UnreadablePictures(isStrict: strict)
            var count = 0
            try reader.forEachBatch(
                of: path, size: Self.batchSize, unreadable: strict ? nil : unreadable.note
            ) { batch in
                count += batch.count
                try body(batch)
            }
            try unreadable.finish(afterReading: count)
            for sentence in truncation.take() { Terminal.note("reuseformer: note: \(sentence)") }
        }
    }

    /// Says that a prompt is taken as it is where the model has names for prompts.
    private func notePrompt(_ loaded: TransformerModel) {
        guard let prompt = generation.prompt.first, !prompt.isEmpty, loaded.prompts[prompt] == nil else { return }
        let names = loaded.prompts.keys.sorted().map { Terminal.escaped($0) }
        guard !names.isEmpty else { return }
        Terminal.note(
            "reuseformer: note: --prompt is none of the model's names (\(names.joined(separator: ", "))): it stands "
                + "before each text as it is")
    }
}
