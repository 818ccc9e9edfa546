/// Byte-pair encoding: a word starts as its characters, and the pair that was learned first is joined until none is
/// left.
///
/// Byte-level vocabularies (GPT-2, RoBERTa) are the same algorithm over a text whose bytes were mapped to characters.
/// Source: Sennrich, Haddow and Birch, “Neural Machine Translation of Rare Words with Subword Units” (2016).
package struct BytePairEncoding: Sendable {
    /// What varies between tokenizers of this kind.
    package struct Options: Sendable {
        /// Token for characters outside the vocabulary; without one (and without byte fallback) they vanish.
        package var unknownID: Int32?
        /// Put before every character of a word but the first.
        package var continuationPrefix: [UInt8] = []
        /// Put after the last character of a word.
        package var endOfWordSuffix: [UInt8] = []
        /// Whether unknown characters side by side become one token.
        package var fusesUnknown = false
        /// Whether unknown characters are spelled as tokens `<0x00>`…`<0xFF>`.
        package var fallsBackToBytes = false
        /// Whether a word that is itself a token is taken as it is.
        package var prefersWholeWords = false

        package init(
            unknownID: Int32? = nil, continuationPrefix: [UInt8] = [], endOfWordSuffix: [UInt8] = [],
            fusesUnknown: Bool = false, fallsBackToBytes: Bool = false, prefersWholeWords: Bool = false
        ) {
            self.unknownID = unknownID
            self.continuationPrefix = continuationPrefix
            self.endOfWordSuffix = endOfWordSuffix
            self.fusesUnknown = fusesUnknown
            self.fallsBackToBytes = fallsBackToBytes
            self.prefersWholeWords = prefersWholeWords
        }
    }

    /// A symbol of the word being joined, linked to its neighbours; `-1` ends the chain.
    package struct Symbol {
        package var id: Int32
        package var previous: Int32
        package var next: Int32
    }

    package let vocabulary: Vocabulary
    package let options: Options
    private let merges: MergeTable
    /// Ids of `<0x00>`…`<0xFF>`; empty without byte fallback.
    private let byteIDs: [Int32?]

    package init(vocabulary: Vocabulary, merges: MergeTable, options: Options) {
        self.vocabulary = vocabulary
        self.merges = merges
        self.options = options
        byteIDs = options.fallsBackToBytes ? (0...255).map { vocabulary.id(of: ByteToken.text(of: $0)) } : []
    }

    /// Appends the ids of a word.
    package func encode(_ bytes: [UInt8], word: Range<Int>, scratch: inout ScratchSpace, into ids: inout [Int32]) {
        if options.prefersWholeWords, let id = vocabulary.id(of: Array(bytes[word])) {
            ids.append(id)
            return
        }
        scratch.symbols.removeAll(keepingCapacity: true)
        spell(bytes, word, into: &scratch.symbols)
        if scratch.symbols.count > 1 { join(&scratch) }
        var at = scratch.symbols.isEmpty ? -1 : 0
        while at >= 0 {
            ids.append(scratch.symbols[at].id)
            at = Int(scratch.symbols[at].next)
        }
    }

    /// The word as characters of the vocabulary.
    private func spell(_ bytes: [UInt8], _ word: Range<Int>, into symbols: inout [Symbol]) {
        let hasAffixes = !options.continuationPrefix.isEmpty || !options.endOfWordSuffix.isEmpty
        var hasPendingUnknown = false
        var at = word.lowerBound
        while at < word.upperBound {
            let end = at + decodeScalar(bytes, at: at, end: word.upperBound).byteCount
            let id =
                hasAffixes
                ? vocabulary.id(of: spelling(of: bytes[at..<end], in: word))
                : vocabulary.trie[bytes[at..<end]]
            if let id {
                if hasPendingUnknown { append(options.unknownID, to: &symbols) }
                hasPendingUnknown = false
                append(id, to: &symbols)
            } else if let spelled = byteTokens(of: bytes[at..<end], in: word) {
                for id in spelled { append(id, to: &symbols) }
            } else if options.unknownID != nil {
                if hasPendingUnknown, !options.fusesUnknown { append(options.unknownID, to: &symbols) }
                hasPendingUnknown = true
            }
            at = end
        }
        if hasPendingUnknown { append(options.unknownID, to: &symbols) }
    }

    private func append(_ id: Int32?, to symbols: inout [Symbol]) {
        guard let id else { return }
        let index = Int32(truncatingIfNeeded: symbols.count)
        if index > 0 { symbols[symbols.count - 1].next = index }
        symbols.append(Symbol(id: id, previous: index - 1, next: -1))
    }

    private func spelling(of character: ArraySlice<UInt8>, in word: Range<Int>) -> [UInt8] {
        let prefix = character.startIndex == word.lowerBound ? [] : options.continuationPrefix
        let suffix = character.endIndex == word.upperBound ? options.endOfWordSuffix : []
        return prefix + character + suffix
    }

    private func byteTokens(of character: ArraySlice<UInt8>, in word: Range<Int>) -> [Int32]? {
        guard options.fallsBackToBytes else { return nil }
        let text = spelling(of: character, in: word)
        let spelled = text.compactMap { byteIDs[Int($0)] }
        return spelled.count == text.count ? spelled : nil
    }

    /// Joins pairs, lowest rank first and leftmost among equals.
    private func join(_ scratch: inout ScratchSpace) {
        scratch.candidates.removeAll()
        for left in 0..<scratch.symbols.count - 1 {
            propose(Int32(truncatingIfNeeded: left), &scratch)
        }
        while let candidate = scratch.candidates.popFirst() {
            let left = Int(candidate.position)
            let right = Int(scratch.symbols[left].next)
            // A proposal is stale when one of its symbols was joined to another in the meantime.
            guard scratch.symbols[left].id >= 0, right >= 0,
                let merge = merges[scratch.symbols[left].id, scratch.symbols[right].id], merge.rank == candidate.rank
            else { continue }
            let after = scratch.symbols[right].next
            scratch.symbols[left].id = merge.id
            scratch.symbols[left].next = after
            scratch.symbols[right].id = -1
            if after >= 0 {
                scratch.symbols[Int(after)].previous = Int32(truncatingIfNeeded: left)
                propose(candidate.position, &scratch)
            }
            let before = scratch.symbols[left].previous
            if before >= 0 { propose(before, &scratch) }
        }
    }

    private func propose(_ left: Int32, _ scratch: inout ScratchSpace) {
        let symbol = scratch.symbols[Int(left)]
        if let merge = merges[symbol.id, scratch.symbols[Int(symbol.next)].id] {
            scratch.candidates.insert(.init(rank: merge.rank, position: left))
        }
    }
}

/// Names of the tokens that stand for single bytes.
package enum ByteToken {
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// `<0x0A>` for 10.
    package static func text(of byte: UInt8) -> [UInt8] {
        Array("<0x".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)], UInt8(ascii: ">")]
    }

    /// The byte that such a token stands for; `nil` for any other token.
    package static func byte(of token: [UInt8]) -> UInt8? {
        guard token.count == 6, token.starts(with: Array("<0x".utf8)), token[5] == UInt8(ascii: ">") else { return nil }
        let hex = String(decoding: token[3..<5], as: UTF8.self)
        return hex.utf8.allSatisfy({ Unicode.Scalar($0).properties.isASCIIHexDigit }) ? UInt8(hex, radix: 16) : nil
    }
}
