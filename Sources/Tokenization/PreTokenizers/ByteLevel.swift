/// GPT-2's way: cut into words with the space before them, then write every byte as a visible character, so that any
/// text can be spelled with 256 symbols.
///
/// Source: Radford et al., “Language Models are Unsupervised Multitask Learners” (2019), section 2.2.
package struct ByteLevel: Sendable {
    /// Whether a text that does not start with a space gets one.
    package var addsPrefixSpace: Bool
    /// Whether to cut into words first.
    package var cutsWords: Bool

    package init(addsPrefixSpace: Bool, cutsWords: Bool) {
        self.addsPrefixSpace = addsPrefixSpace
        self.cutsWords = cutsWords
    }

    package func apply(to pieces: inout Pieces) {
        if addsPrefixSpace {
            pieces.rewrite { bytes, range, _, result in
                if bytes[range.lowerBound] != UInt8(ascii: " ") { result.append(UInt8(ascii: " ")) }
                result.append(contentsOf: bytes[range])
            }
        }
        if cutsWords { pieces.split(ByteLevel.cutWords) }
        pieces.rewrite { bytes, range, _, result in ByteLevel.spell(bytes[range], into: &result) }
    }

    // MARK: Bytes as characters

    /// The character of each byte: printable Latin-1 stands for itself, the rest is numbered from U+0100.
    package static let characters: [Unicode.Scalar] = {
        var next: UInt32 = 0x100
        return (0...255).map { (byte: UInt32) in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return Unicode.Scalar(UInt8(byte))
            default:
                defer { next += 1 }
                return Unicode.Scalar(next) ?? "\u{FFFD}"
            }
        }
    }()

    private static let encoded: [[UInt8]] = characters.map { Array(String($0).utf8) }
    private static let bytesByCharacter: [UInt32: UInt8] = Dictionary(
        uniqueKeysWithValues: characters.enumerated().map { ($1.value, UInt8($0)) })

    /// Appends the characters of bytes, as UTF-8.
    package static func spell(_ bytes: ArraySlice<UInt8>, into result: inout [UInt8]) {
        let encoded = encoded
        for byte in bytes {
            if byte &- 0x21 < 0x5E { result.append(byte) } else { result.append(contentsOf: encoded[Int(byte)]) }
        }
    }

    /// The bytes that characters stand for; `nil` when some character stands for none.
    package static func bytes(spelledBy text: [UInt8]) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var at = 0
        while at < text.count {
            let decoded = decodeScalar(text, at: at, end: text.count)
            guard let byte = bytesByCharacter[decoded.scalar.value] else { return nil }
            result.append(byte)
            at += decoded.byteCount
        }
        return result
    }

    // MARK: Words

    private enum Kind { case letter, number, space, other }

    private static func kind(of scalar: Unicode.Scalar) -> Kind {
        scalar.isLetter ? .letter : scalar.isSpace ? .space : scalar.isNumber ? .number : .other
    }

    /// Cuts as GPT-2's expression does: contractions (`'s`, `'ll`, …); an optional space and a run of letters, of
    /// digits, or of anything else; a run of spaces, without its last one where a word follows.
    package static func cutWords(_ bytes: [UInt8], _ range: Range<Int>, _ parts: inout [Range<Int>]) {
        var at = range.lowerBound
        while at < range.upperBound {
            let end = contractionEnd(bytes, at, range.upperBound) ?? wordEnd(bytes, at, range.upperBound)
            parts.append(at..<end)
            at = end
        }
    }

    private static func contractionEnd(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Int? {
        guard bytes[start] == UInt8(ascii: "'"), start + 1 < end else { return nil }
        let next = bytes[start + 1]
        switch next {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 2
        case UInt8(ascii: "r"), UInt8(ascii: "v"), UInt8(ascii: "l"):
            guard start + 2 < end else { return nil }
            let last = next == UInt8(ascii: "l") ? UInt8(ascii: "l") : UInt8(ascii: "e")
            return bytes[start + 2] == last ? start + 3 : nil
        default: return nil
        }
    }

    private static func wordEnd(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Int {
        var at = start
        var first = decodeScalar(bytes, at: at, end: end)
        if bytes[at] == UInt8(ascii: " "), at + 1 < end {
            let second = decodeScalar(bytes, at: at + 1, end: end)
            if kind(of: second.scalar) != .space {
                at += 1
                first = second
            }
        }
        let kind = kind(of: first.scalar)
        var lastStart = at
        while at < end {
            let decoded = decodeScalar(bytes, at: at, end: end)
            guard self.kind(of: decoded.scalar) == kind else { break }
            lastStart = at
            at += decoded.byteCount
        }
        // The last space before a word belongs to the word.
        return kind == .space && at < end && lastStart > start ? lastStart : at
    }
}
