/// A text on its way to the model.
package struct NormalizedText {
    package var bytes: [UInt8]
    /// Whether the first character stems from the first one of the user's text.
    package var startsAtOrigin: Bool
    /// Bytes that it may grow to.
    package let largestByteCount: Int

    package init(bytes: [UInt8], startsAtOrigin: Bool) {
        self.bytes = bytes
        self.startsAtOrigin = startsAtOrigin
        largestByteCount = Limits.normalizedBytes(of: bytes.count)
    }
}

extension NormalizedText {
    /// Becomes `bytes`, unless they are more than it may grow to.
    package mutating func take(_ bytes: [UInt8]) {
        if bytes.count <= largestByteCount { self.bytes = bytes }
    }
}

/// A step that rewrites a text before it is cut into pieces.
package indirect enum Normalizer: Sendable {
    case bert(BertNormalizer)
    case unicode(UnicodeNormalization)
    case lowercase
    /// Drops marks; without decomposing first.
    case stripAccents
    /// Drops spaces at the ends.
    case strip(left: Bool, right: Bool)
    /// Puts a text before one that is not empty.
    case prepend([UInt8])
    case replace(Pattern, with: [UInt8])
    case precompiled(CharacterMap)
    /// Writes every byte as a character.
    case byteLevel
    /// Old SentencePiece clean-up of control characters.
    case nmt
    case sequence([Normalizer])

    /// Rewrites a text.
    package func apply(to text: inout NormalizedText) {
        switch self {
        case .bert(let step): step.apply(to: &text)
        case .unicode(let form): text.take(form.normalized(text.bytes))
        case .lowercase:
            rewrite(&text) { scalar, result in result.appendLowercased(scalar) }
        case .stripAccents:
            if !text.bytes.isASCII {
                rewrite(&text) { scalar, result in if !scalar.isMark { result.append(scalar) } }
            }
        case .strip(let left, let right): strip(&text, left: left, right: right)
        case .prepend(let prefix):
            if !text.bytes.isEmpty { text.take(prefix + text.bytes) }
        case .replace(let pattern, let replacement):
            replace(pattern, with: replacement, in: &text)
        case .precompiled(let map): map.apply(to: &text)
        case .byteLevel:
            var result: [UInt8] = []
            ByteLevel.spell(text.bytes[...], into: &result)
            text.take(result)
        case .nmt: rewrite(&text, Self.cleanUpControls)
        case .sequence(let steps):
            for step in steps { step.apply(to: &text) }
        }
    }

    /// Rewrites a text character by character.
    private func rewrite(_ text: inout NormalizedText, _ body: (Unicode.Scalar, inout [UInt8]) -> Void) {
        let bytes = text.bytes
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var at = 0
        while at < bytes.count {
            let decoded = decodeScalar(bytes, at: at, end: bytes.count)
            body(decoded.scalar, &result)
            if at == 0, result.isEmpty { text.startsAtOrigin = false }
            at += decoded.byteCount
        }
        text.take(result)
    }

    private func strip(_ text: inout NormalizedText, left: Bool, right: Bool) {
        let bytes = text.bytes
        var start = 0
        var end = bytes.count
        while left, start < end {
            let decoded = decodeScalar(bytes, at: start, end: end)
            guard decoded.scalar.isSpace else { break }
            start += decoded.byteCount
        }
        while right, end > start {
            let decoded = decodeScalar(bytes, before: end, start: start)
            guard decoded.scalar.isSpace else { break }
            end -= decoded.byteCount
        }
        if start > 0 { text.startsAtOrigin = false }
        if start > 0 || end < bytes.count { text.bytes = Array(bytes[start..<end]) }
    }

    private func replace(_ pattern: Pattern, with replacement: [UInt8], in text: inout NormalizedText) {
        let sections = pattern.sections(of: text.bytes, in: 0..<text.bytes.count)
        let matches = sections.count { $0.isDelimiter }
        guard matches > 0, matches * replacement.count + text.bytes.count <= text.largestByteCount else { return }
        var result: [UInt8] = []
        result.reserveCapacity(text.bytes.count)
        for section in sections {
            result.append(contentsOf: section.isDelimiter ? replacement[...] : text.bytes[section.range])
        }
        if sections.first?.isDelimiter == true, replacement.isEmpty { text.startsAtOrigin = false }
        text.bytes = result
    }

    private static func cleanUpControls(_ scalar: Unicode.Scalar, _ result: inout [UInt8]) {
        switch scalar.value {
        case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: break
        case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD:
            result.append(UInt8(ascii: " "))
        default: result.append(scalar)
        }
    }
}
