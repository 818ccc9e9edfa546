/// One vector a text: `[texts, width]`, float32.
///
/// A collection of rows, in the order of the texts:
///
///     for (text, row) in zip(texts, try await embedder.embeddings(for: texts)) { print(text, row.prefix(3)) }
public struct Embeddings: Sendable, Hashable, RandomAccessCollection {
    /// Numbers in a row.
    public let width: Int
    /// All rows, one after the other: `count · width` numbers.
    public let values: [Float]
    /// The token ids that each row was made of, special tokens included.
    public let tokenIDs: [[Int32]]

    init(width: Int, values: [Float], tokenIDs: [[Int32]]) {
        self.width = width
        self.values = values
        self.tokenIDs = tokenIDs
    }

    /// Texts and numbers of each: `[texts, width]`.
    public var shape: [Int] { [count, width] }

    /// Number of texts.
    public var count: Int { tokenIDs.count }
    /// Index of the first row.
    public var startIndex: Int { 0 }
    /// Index after the last row.
    public var endIndex: Int { count }

    /// The row of a text.
    public subscript(text: Int) -> ArraySlice<Float> { values[text * width..<(text + 1) * width] }

    /// Cosine of the angle between two rows, −1…1; 0 when one of them is zero.
    public func cosine(_ first: Int, _ second: Int) -> Double {
        var product = 0.0, lengths = (0.0, 0.0)
        for (a, b) in zip(self[first], self[second]) {
            product += Double(a) * Double(b)
            lengths.0 += Double(a) * Double(a)
            lengths.1 += Double(b) * Double(b)
        }
        let length = (lengths.0 * lengths.1).squareRoot()
        return length == 0 ? 0 : product / length
    }
}
