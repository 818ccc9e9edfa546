/// A token that is looked for in the text itself, before the model sees it.
package struct AddedToken: Sendable, Hashable {
    package var content: [UInt8]
    /// Whether spaces before it belong to it.
    package var takesSpacesBefore = false
    /// Whether spaces after it belong to it.
    package var takesSpacesAfter = false
    /// Whether it counts only as a whole word.
    package var isWholeWord = false
    /// Whether it is looked for in the normalized text (and normalized itself) instead of the user's.
    package var isNormalized = false
    /// Whether decoding may skip it.
    package var isSpecial = true

    package init(
        content: [UInt8], takesSpacesBefore: Bool = false, takesSpacesAfter: Bool = false, isWholeWord: Bool = false,
        isNormalized: Bool = false, isSpecial: Bool = true
    ) {
        self.content = content
        self.takesSpacesBefore = takesSpacesBefore
        self.takesSpacesAfter = takesSpacesAfter
        self.isWholeWord = isWholeWord
        self.isNormalized = isNormalized
        self.isSpecial = isSpecial
    }
}

/// All added tokens, and the search for them.
package struct AddedTokens: Sendable {
    /// A stretch of text, or a token that was found there.
    package enum Section {
        case text(Range<Int>)
        case token(Int32)
    }

    private let tokens: [Int32: AddedToken]
    private let idsByContent: [[UInt8]: Int32]
    private let verbatim: Matcher
    private let normalized: Matcher

    /// One more than the largest id.
    package let idBound: Int

    /// - Parameters:
    ///   - tokens: Tokens by id, in the order of precedence between equal texts.
    ///   - normalizer: Rewrites the contents of normalized tokens as it does texts.
    package init(_ tokens: [(id: Int32, token: AddedToken)], normalizer: Normalizer?) {
        let ordered = tokens.filter(\.token.isSpecial) + tokens.filter { !$0.token.isSpecial }
        self.tokens = Dictionary(ordered.map { ($0.id, $0.token) }) { first, _ in first }
        idsByContent = Dictionary(ordered.map { ($0.token.content, $0.id) }) { first, _ in first }
        idBound = (tokens.map { Int($0.id) }.max() ?? -1) + 1
        verbatim = Matcher(ordered.filter { !$0.token.isNormalized }.map { ($0.token.content, $0.id, $0.token) })
        normalized = Matcher(
            ordered.filter(\.token.isNormalized).map { entry in
                var text = NormalizedText(bytes: entry.token.content, startsAtOrigin: true)
                normalizer?.apply(to: &text)
                return (text.bytes, entry.id, entry.token)
            })
    }

    /// The token of an id.
    package subscript(id: Int32) -> AddedToken? { tokens[id] }

    /// The id of a token.
    package func id(of content: [UInt8]) -> Int32? { idsByContent[content] }

    /// Cuts the user's text at tokens that are not normalized.
    package func splitVerbatim(_ bytes: [UInt8]) -> [Section] { verbatim.split(bytes) }

    /// Cuts normalized text at normalized tokens.
    package func splitNormalized(_ bytes: [UInt8]) -> [Section] { normalized.split(bytes) }

    /// Number of ids at or above a bound.
    package func count(notBelow bound: Int) -> Int { tokens.keys.count { Int($0) >= bound } }
}

/// Finds a set of tokens in a text: leftmost first, the longest where several start together.
private struct Matcher: Sendable {
    private var trie = ByteTrie()
    private var entries: [(id: Int32, token: AddedToken)] = []
    private var isFirstByte = [Bool](repeating: false, count: 256)

    init(_ tokens: [([UInt8], Int32, AddedToken)]) {
        for (content, id, token) in tokens {
            guard let first = content.first, trie.insert(content, value: Int32(entries.count)) else { continue }
            entries.append((id, token))
            isFirstByte[Int(first)] = true
        }
    }

    func split(_ bytes: [UInt8]) -> [AddedTokens.Section] {
        guard !bytes.isEmpty else { return [] }
        guard !entries.isEmpty else { return [.text(0..<bytes.count)] }
        var sections: [AddedTokens.Section] = []
        var textStart = 0
        var at = 0
        while at < bytes.count {
            guard isFirstByte[Int(bytes[at])], let (index, end) = trie.longestMatch(bytes, in: at..<bytes.count) else {
                at += 1
                continue
            }
            let (id, token) = entries[Int(index)]
            if !token.isWholeWord || Self.isWholeWord(bytes, at..<end) {
                let start = token.takesSpacesBefore ? max(Self.spaceStart(bytes, before: at), textStart) : at
                let stop = token.takesSpacesAfter ? Self.spaceEnd(bytes, after: end) : end
                if textStart < start { sections.append(.text(textStart..<start)) }
                sections.append(.token(id))
                textStart = stop
            }
            at = end
        }
        if textStart < bytes.count { sections.append(.text(textStart..<bytes.count)) }
        return sections
    }

    private static func isWholeWord(_ bytes: [UInt8], _ match: Range<Int>) -> Bool {
        let joinsBefore =
            match.lowerBound > 0 && decodeScalar(bytes, before: match.lowerBound, start: 0).scalar.isWordCharacter
        let joinsAfter =
            match.upperBound < bytes.count
            && decodeScalar(bytes, at: match.upperBound, end: bytes.count).scalar.isWordCharacter
        return !joinsBefore && !joinsAfter
    }

    private static func spaceStart(_ bytes: [UInt8], before index: Int) -> Int {
        var start = index
        while start > 0 {
            let decoded = decodeScalar(bytes, before: start, start: 0)
            guard decoded.scalar.isSpace else { break }
            start -= decoded.byteCount
        }
        return start
    }

    private static func spaceEnd(_ bytes: [UInt8], after index: Int) -> Int {
        var end = index
        while end < bytes.count {
            let decoded = decodeScalar(bytes, at: end, end: bytes.count)
            guard decoded.scalar.isSpace else { break }
            end += decoded.byteCount
        }
        return end
    }
}
