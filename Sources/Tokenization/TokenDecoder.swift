import Platform

/// A step that turns tokens back into text.
package indirect enum TokenDecoder: Sendable {
    case wordPiece(prefix: [UInt8], cleansUp: Bool)
    case byteLevel
    case metaspace(replacement: [UInt8], dropsFirst: Bool)
    /// A suffix at the end of words becomes a space.
    case wordSuffix([UInt8])
    /// Tokens `<0x0A>` become bytes.
    case byteFallback
    /// Everything becomes one token.
    case fuse
    /// Drops a character at the ends of each token, at most so many times.
    case strip([UInt8], start: Int, end: Int)
    case replace(Pattern, with: [UInt8])
    case sequence([TokenDecoder])

    /// Rewrites tokens; joined, they are the text.
    package func apply(to tokens: [[UInt8]]) -> [[UInt8]] {
        switch self {
        case .wordPiece(let prefix, let cleansUp):
            tokens.enumerated().map { position, token in
                let joined =
                    position == 0
                    ? token : token.starts(with: prefix) ? Array(token.dropFirst(prefix.count)) : [0x20] + token
                return cleansUp ? CleanUp.wordPiece(joined) : joined
            }
        case .byteLevel: [tokens.flatMap { ByteLevel.bytes(spelledBy: $0) ?? $0 }]
        case .metaspace(let replacement, let dropsFirst):
            tokens.enumerated().map { position, token in
                token.replacing(bytes: replacement, with: position == 0 && dropsFirst ? [] : [0x20])
            }
        case .wordSuffix(let suffix):
            tokens.enumerated().map { position, token in
                token.replacing(bytes: suffix, with: position == tokens.count - 1 ? [] : [0x20])
            }
        case .byteFallback: joinBytes(tokens)
        case .fuse: [tokens.flatMap { $0 }]
        case .strip(let content, let start, let end): tokens.map { strip($0, content, start, end) }
        case .replace(let pattern, let replacement):
            tokens.map { token in
                let sections = pattern.sections(of: token, in: 0..<token.count)
                let size = sections.count { $0.isDelimiter } * replacement.count + token.count
                guard size <= max(token.count, Limits.decodedTokenBytes) else { return token }
                return sections.flatMap { $0.isDelimiter ? replacement[...] : token[$0.range] }
            }
        case .sequence(let steps): steps.reduce(tokens) { $1.apply(to: $0) }
        }
    }

    /// Runs of byte tokens become the text they spell, or a replacement character each when they spell none.
    private func joinBytes(_ tokens: [[UInt8]]) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var run: [UInt8] = []
        func endRun() {
            guard !run.isEmpty else { return }
            if isValidUTF8(run[...]) {
                result.append(run)
            } else {
                result.append(contentsOf: repeatElement(Array("\u{FFFD}".utf8), count: run.count))
            }
            run.removeAll()
        }
        for token in tokens {
            if let byte = ByteToken.byte(of: token) {
                run.append(byte)
            } else {
                endRun()
                result.append(token)
            }
        }
        endRun()
        return result
    }

    private func strip(_ token: [UInt8], _ content: [UInt8], _ start: Int, _ end: Int) -> [UInt8] {
        guard !content.isEmpty else { return token }
        var rest = token[...]
        for _ in 0..<start {
            guard rest.starts(with: content) else { break }
            rest = rest.dropFirst(content.count)
        }
        for _ in 0..<end {
            guard rest.suffix(content.count).elementsEqual(content) else { break }
            rest = rest.dropLast(content.count)
        }
        return Array(rest)
    }
}

/// Removes spaces that decoding leaves before punctuation and contractions in English.
package enum CleanUp {
    private static let general = steps([
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
        (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ])

    /// The reference's WordPiece decoder has one rule more, in the middle.
    private static let perToken = steps([
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
        (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ])

    private static func steps(_ pairs: [(String, String)]) -> [(from: [UInt8], to: [UInt8])] {
        pairs.map { (Array($0.0.utf8), Array($0.1.utf8)) }
    }

    /// The clean-up of a whole text.
    package static func text(_ bytes: [UInt8]) -> [UInt8] {
        general.reduce(bytes) { $0.replacing(bytes: $1.from, with: $1.to) }
    }

    /// The clean-up of one token with the space before it.
    package static func wordPiece(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(0x20) else { return bytes }
        return perToken.reduce(bytes) { $0.replacing(bytes: $1.from, with: $1.to) }
    }
}
