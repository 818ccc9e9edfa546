/// SentencePiece's way: spaces become a visible character that starts each word.
package struct Metaspace: Sendable {
    /// When a text that does not start with the character gets one.
    package enum PrependScheme: String, Sendable {
        case always, never
        /// Only where the user's text starts, not after special tokens.
        case first
    }

    /// UTF-8 of the character that stands for a space (U+2581 in all known files).
    package var replacement: [UInt8]
    package var prependScheme: PrependScheme
    /// Whether to cut before each space.
    package var cutsWords: Bool

    package init(replacement: [UInt8], prependScheme: PrependScheme, cutsWords: Bool) {
        self.replacement = replacement
        self.prependScheme = prependScheme
        self.cutsWords = cutsWords
    }

    package func apply(to pieces: inout Pieces) {
        let replacement = replacement
        pieces.rewrite { bytes, range, isOrigin, result in
            let startsMarked =
                bytes[range.lowerBound] == UInt8(ascii: " ") || bytes[range].starts(with: replacement)
            let prepends = prependScheme == .always || (prependScheme == .first && isOrigin)
            if prepends, !startsMarked { result.append(contentsOf: replacement) }
            for byte in bytes[range] {
                if byte == UInt8(ascii: " ") { result.append(contentsOf: replacement) } else { result.append(byte) }
            }
        }
        guard cutsWords, let lead = replacement.first else { return }
        pieces.split { bytes, range, parts in
            var start = range.lowerBound
            for at in range.dropFirst()
            where bytes[at] == lead && bytes[at..<range.upperBound].starts(with: replacement) {
                parts.append(start..<at)
                start = at
            }
            parts.append(start..<range.upperBound)
        }
    }
}
