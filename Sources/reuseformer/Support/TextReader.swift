import Inputs
import ModelGraph
import Runtime
import Tokenization
import Verification

/// A user's data as a model takes them: texts, pairs of source and target, pictures, arrays.
struct TextReader {
    /// How the model's inputs come from files.
    let inputs: ModelInputs
    private let loaded: LoadedModel
    /// The model's own, where it came with one.
    private let ownTokenizer: Tokenizer?
    /// Longest text, special tokens included.
    private let limit: Int?

    /// Tokens of an answer that a source without a target gets at most.
    private static let longestAnswer = 64
    /// Sources that are answered at once.
    private static let answerBatch = 64

    /// - Parameter limit: Longest text that is wanted; the model's own limits hold in any case.
    init(for loaded: LoadedModel, limit: Int? = nil) throws {
        self.loaded = loaded
        ownTokenizer = try loaded.optionalTokenizer()
        let tables = loaded.model.graph.textEmbeddings
        if let bound = ownTokenizer?.idBound, let rows = tables.map(\.vocabulary).min(), bound > rows {
            throw CommandError.corrupt(
                "\(loaded.path): the tokenizer knows \(bound) tokens, the model \(rows): "
                    + "they do not belong together; copy both from one place")
        }
        let positions = tables.compactMap { $0.positions.map { $0.count - $0.offset } }.min()
        self.limit = [limit, ownTokenizer?.maxLength, loaded.model.traits.maximumTokens, positions]
            .compactMap(\.self).min()
        inputs = try ModelInputs(loaded.model, tokenizer: ownTokenizer, maximumTokens: self.limit)
    }

    /// Token ids that separate texts.
    var separators: Set<Int32> {
        let special = ownTokenizer?.specialTokens
        return Set([special?.sep, special?.eos].compactMap(\.self))
    }

    /// How tokens are hidden from a masked language model; `nil` for tokenizers without a mask token.
    var masking: Masking? {
        guard let special = ownTokenizer?.specialTokens else { return nil }
        let others = [special.pad, special.mask, special.cls, special.sep, special.bos, special.eos]
        return special.mask.map { Masking(maskID: $0, specialIDs: Set(others.compactMap(\.self))) }
    }

    /// The model's tokenizer.
    func tokenizer() throws -> Tokenizer {
        if let ownTokenizer { return ownTokenizer }
        return try loaded.tokenizer()
    }

    /// A text as the model takes it.
    func sequence(of text: String) throws -> ModelInput { try item(of: text).sequence }

    /// A text, or `source<TAB>target`, as the model takes it.
    func item(of text: String) throws -> InputItem {
        _ = try tokenizer()
        return try inputs.item(of: text)
    }

    /// The items of a file or folder, in order, `size` at a time.
    func forEachItems(of path: String, size: Int, _ body: ([InputItem]) throws -> Void) throws {
        try check(path)
        var batches = try inputs.batches(of: path, size: size)
        while let batch = try batches.next() { try body(batch) }
    }

    /// The same, what the model reads only.
    func forEachBatch(of path: String, size: Int, _ body: ([ModelInput]) throws -> Void) throws {
        try forEachItems(of: path, size: size) { try body($0.map(\.sequence)) }
    }

    /// All items of a file or folder. Sources without a target get the model's own answer.
    func sequences(of path: String) throws -> [ModelInput] {
        var items: [InputItem] = []
        try forEachItems(of: path, size: 1024) { items += $0 }
        return try completed(items)
    }

    /// About `limit` tokens' worth of the items of files and folders, always the same ones. Memory does not grow with
    /// the files.
    func sequences(of paths: [String], drawing limit: Int) throws -> [ModelInput] {
        for path in paths { try check(path) }
        return try completed(try inputs.items(of: paths, drawing: limit))
    }

    private func check(_ path: String) throws {
        if inputs.kind != .pictures || PathKind(path) != .folder { try InputFile.check(path) }
        if inputs.kind == .text || inputs.kind == .textPairs, !path.hasSuffix(".npz") { _ = try tokenizer() }
    }

    /// What the model reads, with the model's own answers where targets are missing.
    private func completed(_ items: [InputItem]) throws -> [ModelInput] {
        var sequences = items.map(\.sequence)
        guard let target = inputs.target else { return sequences }
        let pending = items.indices.filter { items[$0].targetIDs.isEmpty && items[$0].isOpen(target) }
        if !pending.isEmpty { try answer(pending, of: &sequences, target) }
        return sequences
    }

    private func answer(_ pending: [Int], of sequences: inout [ModelInput], _ target: TargetText) throws {
        let generator = try TextGenerator(loaded.model, target: target.input)
        for start in stride(from: 0, to: pending.count, by: Self.answerBatch) {
            let indices = pending[start..<min(start + Self.answerBatch, pending.count)]
            let answers = try generator.texts(
                after: indices.map { sequences[$0] },
                options: .init(maximumNewTokens: Self.longestAnswer, endIDs: target.endIDs))
            for (index, answer) in zip(indices, answers) {
                sequences[index].arrays[target.input] = target.reading(answer)
            }
        }
    }
}

extension InputItem {
    /// Whether the target has only begun: a pair without a target, rather than arrays that hold one.
    fileprivate func isOpen(_ target: TargetText) -> Bool { sequence.arrays[target.input] == target.beginning }
}
