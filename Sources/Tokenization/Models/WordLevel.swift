/// Whole words: each piece of a text is a token or unknown.
struct WordLevel: Sendable {
    let vocabulary: Vocabulary
    /// Id of the token for words outside the vocabulary.
    let unknownID: Int32

    /// Appends the id of a word.
    func encode(_ bytes: [UInt8], word: Range<Int>, into ids: inout [Int32]) {
        ids.append(vocabulary.trie[bytes[word]] ?? unknownID)
    }
}
