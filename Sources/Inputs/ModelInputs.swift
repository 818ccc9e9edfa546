import Images
import ModelGraph
import NumPy
import Platform
import Tensors
import Tokenization

/// How a model's inputs come from files.
///
/// | the model reads | a file or folder is |
/// | --- | --- |
/// | a text | one text a line; for models that score a whole item also two, with a tab between |
/// | a source and a target text | `source<TAB>target` a line; the target may be missing |
/// | pictures | a folder of PNG and JPEG files, or one of them |
/// | anything | an `.npz` with the model's own inputs |
///
/// Where columns are named, texts and pairs of them come from CSV, TSV and JSON Lines too (`TextRecords`).
package struct ModelInputs: Sendable {
    /// What a model reads.
    package enum Kind: String, Sendable, Hashable {
        case text, textPairs, pictures, arrays
    }

    /// What the model reads.
    package let kind: Kind
    let graph: CheckedGraph
    let tokenizer: Tokenizer?
    /// Longest text, special tokens included.
    let maximumTokens: Int?
    /// How the target is taken, of an encoder–decoder.
    package let target: TargetText?
    /// How a text that is written begins, of a model with a decoder of its own; also of one that reads speech.
    package let written: TargetText?
    /// What the model's files ask of texts that it writes.
    package let generation: GenerationSettings
    /// Rows of the smallest table that token ids are looked up in; `nil` for models without.
    let tableRows: Int?
    /// What is done to texts.
    package private(set) var texts: TextPreparation
    /// When a line is two texts.
    let pairing: TextPreparation.Pairing
    /// Which columns of tables are read.
    let columns: TableColumns
    /// Texts that were cut.
    package let truncated = TruncationCount()
    private let pictures: PictureInput?

    /// The input that a model's pictures go to.
    private struct PictureInput: Sendable {
        let name: String
        let width: Int
        let height: Int
        let channels: Int
        let preparation: ImagePreparation
    }

    /// - Parameters:
    ///   - model: Its graph and the files that came with it.
    ///   - tokenizer: The model's own; `nil` for models that read no text.
    ///   - maximumTokens: Longest text that is wanted.
    ///   - prompt: What stands before each text: a name among the model's prompts, or the prompt itself; `nil`: what
    ///     the model's files say.
    ///   - pairing: When a line is two texts.
    ///   - columns: Which columns of tables are read.
    ///   - ignored: Keys of the model's files that are passed over.
    /// - Throws: `FileError` when the files that say how pictures are prepared cannot be used.
    package init(
        _ model: Model, tokenizer: Tokenizer?, maximumTokens: Int?, prompt: String? = nil,
        pairing: TextPreparation.Pairing = .never, columns: TableColumns = TableColumns(),
        ignoring ignored: Set<String> = []
    ) throws(FileError) {
        let graph = model.graph
        let settings = GenerationSettings(assets: model.assets, tokenizer: tokenizer, ignoring: ignored)
        generation = settings
        tableRows = graph.textEmbeddings.map(\.vocabulary).min()
        self.graph = graph
        self.tokenizer = tokenizer
        self.maximumTokens = maximumTokens
        self.columns = columns
        texts = TextPreparation(model.traits.sentences, prompt: prompt)
        let scoresItems =
            [.classifier, .numbers].contains(graph.use)
            && graph.predictions.map { graph.shapes[$0]?.rows } == .sequences
        self.pairing = pairing == .byTab && !scoresItems ? .never : pairing
        if graph.inputs.contains(Graph.poolingMask), let tokenizer {
            try texts.hidePrompt(tokenizer, maximumTokens: maximumTokens)
        }
        let layouts = graph.inputLayouts.sorted { $0.key < $1.key }
        if let (name, layout) = layouts.first(where: { $0.value.grid.count == 2 && $0.value.content == .numbers }),
            layouts.allSatisfy({ $0.key == name || $0.value.absent != nil })
        {
            kind = .pictures
            target = nil
            written = nil
            var preparation = try ImagePreparation(assets: model.assets, ignoring: ignored) ?? ImagePreparation()
            // Where nothing says how, pictures only get the model's size.
            if preparation.sizing == nil, preparation.crop == nil {
                preparation.sizing = .exactly(width: layout.grid[1], height: layout.grid[0])
            }
            pictures = PictureInput(
                name: name, width: layout.grid[1], height: layout.grid[0], channels: layout.width,
                preparation: preparation)
            return
        }
        pictures = nil
        let readsText = graph.readsText
        let decoder = layouts.first { entry in
            if case .axis = entry.value.rows { entry.value.content == .ids } else { false }
        }
        if let decoder, let start = settings.decoderStartID,
            layouts.allSatisfy({ $0.key == decoder.key || $0.value.absent != nil || !readsText })
        {
            written = TargetText(
                input: decoder.key, startID: start, forcedStart: settings.forcedStart, endIDs: settings.endIDs)
        } else {
            written = nil
        }
        if readsText, layouts.allSatisfy({ $0.value.absent != nil }) {
            kind = .text
            target = nil
        } else if readsText, let written {
            kind = .textPairs
            target = written
        } else {
            kind = .arrays
            target = nil
        }
    }

    /// Whether a path holds arrays rather than texts or pictures.
    static func isArrays(_ path: String) -> Bool { path.hasSuffix(".npz") }

    /// Reads a file or folder from front to back.
    ///
    /// - Parameters:
    ///   - size: Items in a batch, at least 1.
    ///   - unreadable: Called for each picture of a folder that cannot be read, and is left out then; without it the
    ///     first one ends the reading.
    ///   - cancellation: Asks the reading to end; the next batch throws an error of kind `cancelled` then.
    package func batches(
        of path: String, size: Int, unreadable: ((FileError) -> Void)? = nil, cancellation: Cancellation? = nil
    ) throws(FileError) -> InputBatches {
        try InputBatches(self, path: path, size: size, unreadable: unreadable, cancellation: cancellation)
    }

    /// A text as the model takes it.
    ///
    /// - Parameters:
    ///   - text: For models with a target, `source<TAB>target`; without a tab the target has only begun.
    ///   - isWhole: Whether the text is left as long as it is: a prompt that is too long is an error, not cut.
    package func item(of text: String, isWhole: Bool = false) throws(FileError) -> InputItem {
        guard let tokenizer, kind == .text || kind == .textPairs else {
            let inputs = graph.inputs.joined(separator: ", ")
            throw FileError(.usage, path: "text", "is nothing that this model reads; it takes \(inputs)")
        }
        let limit = isWhole ? nil : maximumTokens
        guard textsOfAnItem > 1 else { return try item(ofParts: [text], tokenizer, limit) }
        let parts = text.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 || pairing != .always else {
            throw FileError(.usage, path: "pair", "has no tab between two texts: \"\(text.prefix(60).printable)\"")
        }
        return try item(ofParts: parts, tokenizer, limit)
    }

    /// The texts that one item may have: two of pairs, and of sources and targets.
    var textsOfAnItem: Int { target == nil && pairing == .never ? 1 : 2 }

    /// A text, a pair, or a source and its target, as the columns of a table have them: a tab is a part of a text.
    func item(ofParts parts: [String]) throws(FileError) -> InputItem {
        guard let tokenizer, kind == .text || kind == .textPairs else {
            throw FileError(.usage, path: "text", "is nothing that this model reads")
        }
        guard parts.count == 2 || pairing != .always else {
            throw FileError(.usage, path: "pair", "is two texts; name both columns with --column")
        }
        return try item(ofParts: parts, tokenizer, maximumTokens)
    }

    /// A source with its target, or without one; else a text, or two as a pair.
    private func item(
        ofParts parts: [String], _ tokenizer: Tokenizer, _ limit: Int?
    ) throws(FileError) -> InputItem {
        let first = parts.first ?? "", second = parts.count > 1 ? parts[1] : nil
        guard let target else { return InputItem(try encoded(first, pair: second, tokenizer, limit)) }
        var item = InputItem(try encoded(first, tokenizer, limit))
        guard let second else {
            item.sequence.arrays[target.input] = target.beginning
            return item
        }
        item.targetIDs = try known(tokenizer.encode(second, maxLength: limit).ids, tokenizer)
        item.sequence.arrays[target.input] = target.reading(item.targetIDs)
        return item
    }

    /// Two texts as a model takes them that scores pairs.
    package func item(of first: String, and second: String) throws(FileError) -> InputItem {
        guard let tokenizer, kind == .text else {
            throw FileError(.usage, path: "pair", "is nothing that this model reads")
        }
        return InputItem(try encoded(first, pair: second, tokenizer, maximumTokens))
    }

    private func encoded(
        _ text: String, pair: String? = nil, _ tokenizer: Tokenizer, _ limit: Int?
    ) throws(FileError) -> ModelInput {
        let encoding = tokenizer.encode(texts.prepared(text), pair: pair.map(texts.prepared), maxLength: limit)
        if encoding.isTruncated { truncated.add() }
        // An empty list of types stands for zeros, which nearly all texts have.
        var input = ModelInput(
            ids: try known(encoding.ids, tokenizer),
            types: encoding.typeIDs.contains { $0 != 0 } ? encoding.typeIDs : [])
        if texts.hiddenTokens > 0 {
            let count = encoding.ids.count, hidden = min(texts.hiddenTokens, count)
            let numbers = [Float](repeating: 0, count: hidden) + [Float](repeating: 1, count: count - hidden)
            input.arrays[Graph.poolingMask] = InputArray(rows: count, columns: 1, numbers: numbers)
        }
        return input
    }

    /// Ids that the model has rows for: a tokenizer may know tokens that were never added to the model.
    private func known(_ ids: [Int32], _ tokenizer: Tokenizer) throws(FileError) -> [Int32] {
        guard let tableRows, let unknown = ids.first(where: { Int($0) >= tableRows }) else { return ids }
        throw FileError(
            .corrupt, path: "text",
            "holds the token \"\((tokenizer.token(of: unknown) ?? "").printable)\" with the id \(unknown), and the "
                + "model's table has \(tableRows) rows: it was added to the tokenizer only",
            remedy: "leave it out of the text, or take the model that was trained with it")
    }

    /// A picture as the model takes it.
    package func item(ofPictureAt path: String) throws(FileError) -> InputItem {
        try item(path) { (path, turns) throws(FileError) in try Picture(path: path, turns: turns) }
    }

    /// A picture as the model takes it, from the bytes of its file.
    ///
    /// - Parameter name: What errors call it.
    package func item(ofPicture bytes: [UInt8], named name: String) throws(FileError) -> InputItem {
        try item(name) { (name, turns) throws(FileError) in try Picture(decoding: bytes, path: name, turns: turns) }
    }

    private func item(
        _ path: String, _ read: (String, Bool) throws(FileError) -> Picture
    ) throws(FileError) -> InputItem {
        guard let pictures else { throw FileError(.usage, path: path, "is a picture, and this model reads none") }
        let picture = try read(path, pictures.preparation.turns)
        guard
            let rows = pictures.preparation.rows(
                of: picture, width: pictures.width, height: pictures.height, channels: pictures.channels)
        else {
            throw FileError(
                .unsupported, path: path,
                "does not come out as \(pictures.width) x \(pictures.height) pixels in \(pictures.channels) channels; "
                    + "check the model's preprocessor_config.json")
        }
        return InputItem(ModelInput(arrays: [pictures.name: rows]))
    }

    /// All items of an archive.
    func items(ofArraysAt path: String) throws(FileError) -> [InputItem] {
        let arrays = try NumPyArchive(path: path).tensors()
        do throws(FileError) {
            return try GraphArrays.sequences(from: arrays, for: graph).map { InputItem($0) }
        } catch {
            throw FileError(.usage, path: "\(path): \(error.path)", error.problems)
        }
    }
}
