/// A step that cuts a normalized text into the pieces the model sees.
package indirect enum PreTokenizer: Sendable {
    /// Spaces vanish, punctuation stands alone.
    case bert
    /// GPT-2's cut, then every byte becomes a character.
    case byteLevel(ByteLevel)
    /// Spaces become a visible character.
    case metaspace(Metaspace)
    /// Runs of word characters and runs of anything else but spaces.
    case whitespace
    /// Cut at spaces, which vanish.
    case whitespaceSplit
    case punctuation(DelimiterBehavior)
    /// Cut around digits: each alone, or in runs.
    case digits(individually: Bool)
    /// Cut at a character, which vanishes.
    case character(Unicode.Scalar)
    case split(Pattern, DelimiterBehavior, inverted: Bool)
    /// Cut where the writing system changes.
    case scripts
    /// Cut after so many characters, as for sequences of DNA.
    case fixedLength(Int)
    case sequence([PreTokenizer])

    /// Cuts a text.
    package func apply(to pieces: inout Pieces) {
        switch self {
        case .bert: pieces.split(BertCut.cut)
        case .byteLevel(let step): step.apply(to: &pieces)
        case .metaspace(let step): step.apply(to: &pieces)
        case .whitespace: pieces.split(Self.cutWords)
        case .whitespaceSplit: cut(&pieces, .removed) { $0.isSpace }
        case .punctuation(let behavior): cut(&pieces, behavior) { $0.isBertPunctuation }
        case .digits(let individually): cut(&pieces, individually ? .isolated : .contiguous) { $0.isNumber }
        case .character(let delimiter): cut(&pieces, .removed) { $0 == delimiter }
        case .split(let pattern, let behavior, let isInverted):
            pieces.split { bytes, range, parts in
                var sections = pattern.sections(of: bytes, in: range)
                if isInverted { for index in sections.indices { sections[index].isDelimiter.toggle() } }
                behavior.apply(sections, into: &parts)
            }
        case .scripts: pieces.split(ScriptCut.cut)
        case .fixedLength(let length):
            pieces.split { bytes, range, parts in
                var start = range.lowerBound
                var count = 0
                var at = start
                while at < range.upperBound {
                    at += decodeScalar(bytes, at: at, end: range.upperBound).byteCount
                    count += 1
                    if count == length {
                        parts.append(start..<at)
                        (start, count) = (at, 0)
                    }
                }
                if start < at { parts.append(start..<at) }
            }
        case .sequence(let steps):
            for step in steps { step.apply(to: &pieces) }
        }
    }

    /// Cuts at single characters.
    private func cut(
        _ pieces: inout Pieces, _ behavior: DelimiterBehavior, at isDelimiter: (Unicode.Scalar) -> Bool
    ) {
        pieces.split { bytes, range, parts in
            var sections: [DelimiterBehavior.Section] = []
            var at = range.lowerBound
            var start = at
            while at < range.upperBound {
                let decoded = decodeScalar(bytes, at: at, end: range.upperBound)
                let end = at + decoded.byteCount
                if isDelimiter(decoded.scalar) {
                    if start < at { sections.append(.init(range: start..<at, isDelimiter: false)) }
                    sections.append(.init(range: at..<end, isDelimiter: true))
                    start = end
                }
                at = end
            }
            if start < at { sections.append(.init(range: start..<at, isDelimiter: false)) }
            behavior.apply(sections, into: &parts)
        }
    }

    private static func cutWords(_ bytes: [UInt8], _ range: Range<Int>, _ parts: inout [Range<Int>]) {
        enum Kind { case word, space, other }
        var start = range.lowerBound
        var running = Kind.space
        var at = start
        while at < range.upperBound {
            let decoded = decodeScalar(bytes, at: at, end: range.upperBound)
            let kind: Kind = decoded.scalar.isWordCharacter ? .word : decoded.scalar.isSpace ? .space : .other
            if kind != running {
                if running != .space { parts.append(start..<at) }
                start = at
                running = kind
            }
            at += decoded.byteCount
        }
        if running != .space, start < at { parts.append(start..<at) }
    }
}

/// The cut of BERT: spaces vanish, each punctuation character stands alone.
package enum BertCut {
    private enum Kind: UInt8 { case text, space, punctuation }

    private static let kinds: [Kind] = (0..<128).map { (value: UInt8) in
        let scalar = Unicode.Scalar(value)
        return scalar.isSpace ? .space : scalar.isASCIIPunctuation ? .punctuation : .text
    }

    package static func cut(_ bytes: [UInt8], _ range: Range<Int>, _ parts: inout [Range<Int>]) {
        let kinds = kinds
        var start = range.lowerBound
        var at = start
        while at < range.upperBound {
            var length = 1
            let kind: Kind
            if bytes[at] < 0x80 {
                kind = kinds[Int(bytes[at])]
            } else {
                let decoded = decodeScalar(bytes, at: at, end: range.upperBound)
                length = decoded.byteCount
                kind = decoded.scalar.isSpace ? .space : decoded.scalar.isBertPunctuation ? .punctuation : .text
            }
            if kind != .text {
                if start < at { parts.append(start..<at) }
                if kind == .punctuation { parts.append(at..<at + length) }
                start = at + length
            }
            at += length
        }
        if start < at { parts.append(start..<at) }
    }
}
