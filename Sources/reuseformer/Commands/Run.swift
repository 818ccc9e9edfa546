import ArgumentParser
import Checkpoints
import Inputs
import ModelGraph
import NumPy
import ReuseTransformers
import Runtime
import Tensors

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a model on texts, pictures or arrays; let it write.",
        discussion: """
            Sentence embeddings, one row a text, float32 [texts, hidden]:

              reuseformer run MODEL --texts sentences.txt --normalize -o embeddings.npy

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

    /// How a text's rows become one.
    enum Pool: String, CaseIterable, ExpressibleByArgument {
        case mean, first, max

        var pooling: Pooling {
            switch self {
            case .mean: .mean
            case .first: .first
            case .max: .max
            }
        }
    }

    @OptionGroup var model: ModelArgument

    @Option(
        help: ArgumentHelp("Texts to run on: UTF-8, one a line; an empty line is a text.", valueName: "file"),
        completion: .file())
    var texts: String?

    @Option(
        help: ArgumentHelp("A picture to run on, or a folder of them: PNG or JPEG.", valueName: "path"),
        completion: .directory)
    var images: String?

    @Flag(help: "End with the first picture of a folder that cannot be read; without it such pictures are listed.")
    var strict = false

    @Option(
        help: ArgumentHelp("An .npz with the model's own inputs.", valueName: "file"),
        completion: .file(extensions: ["npz"]))
    var inputs: String?

    @Option(help: "How a text's last hidden states become its embedding.")
    var pool: Pool?

    @Flag(help: "Divide each embedding by its length.")
    var normalize = false

    @Flag(help: "Write the logits of a model that gives one row a text, instead of embeddings.")
    var logits = false

    @Option(
        help: ArgumentHelp(
            "Write these instead, comma-separated: hidden, attentions, logits, pooled, or inputs: what the model is given.",
            valueName: "parts"))
    var dump: String?

    @Option(
        help: ArgumentHelp("Classes to print of each picture, when no file is written.", valueName: "count"))
    var top = 5

    @Option(
        name: .shortAndLong, help: ArgumentHelp("File to write: .npy, or .npz with --dump.", valueName: "file"),
        completion: .file())
    var output: String?

    @OptionGroup(title: "Generation") var generation: GenerationArguments
    @OptionGroup var reading: CheckpointOptions
    @OptionGroup var threads: ThreadsOption
    @OptionGroup var json: JSONOption
    @OptionGroup var force: ForceOption
    @OptionGroup var quiet: QuietOption

    /// Items that go through the model at once.
    private static let batchSize = 512

    func validate() throws {
        if generation.generate { return try validateGeneration() }
        try generation.refuseAll()
        if [texts, images, inputs].count(where: { $0 != nil }) != 1 {
            throw ValidationError("Give one of --texts, --images and --inputs.")
        }
        guard let output else {
            guard images != nil, dump == nil, pool == nil, !normalize, !logits else {
                throw ValidationError("Give --output; only classes of --images and texts of --generate are printed.")
            }
            if !(1...1000).contains(top) { throw ValidationError("--top is between 1 and 1000.") }
            return
        }
        if json.json { throw ValidationError("--json is for what is printed; leave out --output.") }
        if let dump {
            _ = try selection(dump)
            if pool != nil || normalize || logits {
                throw ValidationError(
                    "--dump writes what the model computes; leave out --pool, --normalize and --logits.")
            }
        } else if output.hasSuffix(".npz") {
            throw ValidationError("An .npz holds several arrays: say which with --dump, or write to an .npy.")
        }
        if logits, pool != nil || normalize { throw ValidationError("--logits goes without --pool and --normalize.") }
    }

    private func validateGeneration() throws {
        if images != nil || dump != nil || pool != nil || normalize || logits || output != nil {
            throw ValidationError("--generate prints texts: it goes with --prompt, --texts or --inputs only.")
        }
        if [texts != nil, inputs != nil, !generation.prompt.isEmpty].count(where: \.self) != 1 {
            throw ValidationError("Give one of --prompt, --texts and --inputs.")
        }
    }

    func run() throws {
        quiet.apply()
        try OutputFile.check(output, as: .arrays, force: force.force)
        var loaded = try reading.model(at: model.model)
        if let inputs, loaded.model.graph.resizablePicture != nil {
            loaded = try loaded.fitted(to: try NumPyArchive(path: inputs).tensors())
        }
        if generation.generate {
            let printer = try GeneratedTextPrinter(loaded, generation, try threads.resources())
            if let inputs {
                try printer.run(arrays: inputs, asJSON: json.json)
            } else {
                try printer.run(texts: texts, asJSON: json.json)
            }
        } else if let output, let dump {
            try write(parts: try selection(dump), of: loaded, to: output)
        } else if let output {
            try writeRows(of: loaded, to: output)
        } else if let images {
            let printer = try PictureClassPrinter(loaded, try threads.resources())
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

    private func write(parts: OutputSelection, of loaded: TransformerModel, to output: String) throws {
        var sequences: [ModelInput] = []
        try forEachBatch(for: loaded) { sequences += $0 }
        var arrays: [(name: String, tensor: Tensor)] = []
        if dumpsInputs { arrays = GraphArrays.arrays(of: sequences, for: loaded.model.graph) }
        if !parts.isEmpty {
            arrays += try PaddedOutputs(
                of: loaded.model, for: sequences, selecting: parts, resources: threads.resources().execution()
            ).arrays
        }
        guard !arrays.isEmpty else {
            throw CommandError.usage("\(loaded.path): the model computes none of what --dump asks for")
        }
        try OutputFile.produce(output) { path in
            var archive = try NumPyArchiveWriter(path: path)
            for (name, tensor) in arrays { try archive.append(tensor, named: name) }
            try archive.close()
        }
    }

    private func writeRows(of loaded: TransformerModel, to output: String) throws {
        if logits { try requireScores(of: loaded) }
        let source: RowModel.Source =
            logits ? .predictions : .hiddenStates(pool?.pooling ?? .mean, isNormalized: normalize)
        let model = try RowModel(loaded, source, resources: try threads.resources())
        try OutputFile.produce(output) { path in
            var rows = try NumPyRowWriter(path: path, dtype: .float32, rowShape: [model.width])
            try forEachBatch(for: loaded) { try rows.append(model.rows(of: $0)) }
            try rows.close()
        }
    }

    /// Says which options a model needs that gives no row of scores an item.
    private func requireScores(of loaded: TransformerModel) throws {
        switch loaded.scores {
        case .perItem: return
        case .none:
            throw CommandError.usage("\(loaded.path): the model has no logits; leave out --logits for embeddings")
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
        } else if let path = texts ?? images {
            let reader = try DataReader(for: loaded)
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
        }
    }
}
