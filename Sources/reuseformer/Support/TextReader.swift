import Inputs
import ModelGraph
import Tokenization
import Verification

/// Texts as a model takes them.
struct TextReader {
    private let tokenizer: Tokenizer
    /// Longest sequence, special tokens included.
    private let limit: Int?

    /// - Parameter limit: Longest sequence that is wanted; the model's own limits hold in any case.
    init(for loaded: LoadedModel, limit: Int? = nil) throws {
        tokenizer = try loaded.tokenizer()
        let tables = loaded.model.graph.nodes.compactMap { node in
            if case .embedding(let embedding) = node.operation { embedding } else { nil }
        }
        if let rows = tables.map(\.vocabulary).min(), tokenizer.idBound > rows {
            throw CommandError.corrupt(
                "\(loaded.path): the tokenizer knows \(tokenizer.idBound) tokens, the model \(rows): "
                    + "they do not belong together; copy both from one place")
        }
        let positions = tables.compactMap { $0.positions.map { $0.count - $0.offset } }.min()
        self.limit = [limit, tokenizer.maxLength, loaded.model.traits.maximumTokens, positions].compactMap(\.self).min()
    }

    /// Token ids that separate texts.
    var separators: Set<Int32> {
        let special = tokenizer.specialTokens
        return Set([special.sep, special.eos].compactMap(\.self))
    }

    /// How tokens are hidden from a masked language model; `nil` for tokenizers without a mask token.
    var masking: Masking? {
        let special = tokenizer.specialTokens
        let others = [special.pad, special.mask, special.cls, special.sep, special.bos, special.eos]
        return special.mask.map { Masking(maskID: $0, specialIDs: Set(others.compactMap(\.self))) }
    }

    func sequence(of text: String) -> TokenSequence {
        let encoding = tokenizer.encode(text, maxLength: limit)
        return TokenSequence(ids: encoding.ids, types: encoding.typeIDs.contains { $0 != 0 } ? encoding.typeIDs : [])
    }

    /// The texts of a file, in order, `size` at a time.
    func forEachBatch(of path: String, size: Int, _ body: ([TokenSequence]) throws -> Void) throws {
        try InputFile.check(path)
        var batches = try TextBatches(path: path, tokenizer: tokenizer, maxLength: limit, batchSize: size)
        while let batch = try batches.next() { try body(batch) }
    }

    /// All texts of a file.
    func sequences(of path: String) throws -> [TokenSequence] {
        var result: [TokenSequence] = []
        try forEachBatch(of: path, size: 1024) { result += $0 }
        return result
    }
}
