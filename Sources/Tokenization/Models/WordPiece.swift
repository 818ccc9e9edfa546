/// WordPiece: each word is cut from the left into the longest pieces of the vocabulary.
///
/// A word that cannot be cut completely, or is too long, becomes one unknown token.
/// Source: Schuster and Nakajima, “Japanese and Korean Voice Search” (ICASSP 2012); greedy form of BERT.
package struct WordPiece: Sendable {
    package let vocabulary: Vocabulary
    package let unknownID: Int32
    private let characterLimit: Int
    /// Where pieces that continue a word start in the trie; `nil` when the vocabulary has none.
    private let continuation: ByteTrie.Node?

    /// - Parameters:
    ///   - vocabulary: Pieces; those inside a word carry the prefix.
    ///   - unknownID: Id of the token for words that cannot be cut.
    ///   - continuationPrefix: What marks a piece inside a word, `##` in BERT.
    ///   - characterLimit: Characters (Unicode scalars) above which a word is unknown.
    package init(vocabulary: Vocabulary, unknownID: Int32, continuationPrefix: [UInt8], characterLimit: Int) {
        self.vocabulary = vocabulary
        self.unknownID = unknownID
        self.characterLimit = characterLimit
        continuation = vocabulary.trie.node(at: continuationPrefix)
    }

    /// Appends the ids of a word.
    package func encode(_ bytes: [UInt8], word: Range<Int>, into ids: inout [Int32]) {
        let first = ids.count
        var at = word.lowerBound
        var isComplete = word.count <= characterLimit || scalarCount(bytes, word) <= characterLimit
        while isComplete, at < word.upperBound {
            let start = at == word.lowerBound ? ByteTrie.root : continuation
            if let start, let (id, end) = vocabulary.trie.longestMatch(bytes, in: at..<word.upperBound, from: start) {
                ids.append(id)
                at = end
            } else {
                isComplete = false
            }
        }
        if !isComplete {
            ids.removeSubrange(first...)
            ids.append(unknownID)
        }
    }

    private func scalarCount(_ bytes: [UInt8], _ range: Range<Int>) -> Int {
        bytes[range].reduce(0) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 }
    }
}
