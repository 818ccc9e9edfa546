import ModelGraph
import Tokenization

/// The texts of a file, one a line, as token sequences in the file's order, a batch at a time.
///
/// ```swift
/// var batches = try TextBatches(path: "texts.txt", tokenizer: tokenizer, maxLength: 128)
/// while let batch = try batches.next() { … }
/// ```
///
/// Memory holds one batch, however long the file is.
public struct TextBatches: ~Copyable {
    private var lines: TextLines
    private let tokenizer: Tokenizer
    private let maxLength: Int?
    private let batchSize: Int

    /// Number of texts that were cut off to keep to the maximum length, so far.
    public private(set) var truncatedCount = 0

    /// Opens a file of texts.
    ///
    /// - Parameters:
    ///   - path: UTF-8 text; see ``TextLines``.
    ///   - tokenizer: The model's own.
    ///   - maxLength: Largest number of tokens a sequence may have, special ones included; `nil`: no limit.
    ///   - batchSize: Texts in a batch, at least 1.
    /// - Throws: ``InputError`` when the file cannot be opened.
    public init(
        path: String, tokenizer: Tokenizer, maxLength: Int?, batchSize: Int = 1024
    ) throws(InputError) {
        lines = try TextLines(path: path)
        self.tokenizer = tokenizer
        self.maxLength = maxLength
        self.batchSize = max(1, batchSize)
    }

    /// Texts read so far.
    public var textCount: Int { lines.lineNumber }

    /// The next sequences, in order; `nil` after the last one.
    ///
    /// - Throws: ``InputError`` with path and line number when a line is not UTF-8.
    public mutating func next() throws(InputError) -> [TokenSequence]? {
        var batch: [TokenSequence] = []
        while batch.count < batchSize, let text = try lines.next() {
            let encoding = tokenizer.encode(text, maxLength: maxLength)
            if encoding.isTruncated { truncatedCount += 1 }
            // An empty list of types stands for zeros, which nearly all texts have.
            let types = encoding.typeIDs.contains { $0 != 0 } ? encoding.typeIDs : []
            batch.append(TokenSequence(ids: encoding.ids, types: types))
        }
        return batch.isEmpty ? nil : batch
    }
}
