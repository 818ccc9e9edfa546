/// Whole words: each piece of a text is a token or unknown.
package struct WordLevel: Sendable {
    package let vocabulary: Vocabulary
    /// Id of the token for words outside the vocabulary.
    package let unknownID: Int32

    package init(vocabulary: Vocabulary, unknownID: Int32) {
        self.vocabulary = vocabulary
        self.unknownID = unknownID
    }

    /// Appends the id of a word.
    package func encode(_ bytes: [UInt8], word: Range<Int>, into ids: inout [Int32]) {
        ids.append(vocabulary.trie[bytes[word]] ?? unknownID)
    }
}
