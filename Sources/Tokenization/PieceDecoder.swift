/// Decodes tokens one by one: hands out what can no longer change.
package struct PieceDecoder {
    private let tokenizer: Tokenizer
    private var ids: [Int32] = []
    private var shown: String.UnicodeScalarView = .init()

    package init(_ tokenizer: Tokenizer) { self.tokenizer = tokenizer }

    /// The text that a token adds; empty while a character is incomplete.
    package mutating func add(_ id: Int32, isLast: Bool) -> String {
        ids.append(id)
        let text = tokenizer.decode(ids, cleanUpSpaces: false).unicodeScalars
        // A replacement character at the end may be the first bytes of a character.
        if !isLast, text.last == "\u{FFFD}" { return "" }
        let new = String.UnicodeScalarView(text.dropFirst(shown.count))
        shown = text
        return String(new)
    }
}
