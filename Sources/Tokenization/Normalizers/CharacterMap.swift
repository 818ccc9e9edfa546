import Platform

/// SentencePiece's compiled character map (such as `nmt_nfkc`): a double-array trie over UTF-8, and the replacement
/// texts its values point into.
///
/// Source: the layout of Darts-clone's units, and the `precompiled_charsmap` field of SentencePiece models: length of
/// the trie in bytes (little-endian), the trie, then replacements that end with a zero byte.
package struct CharacterMap: Sendable {
    private let units: [UInt32]
    private let replacements: [UInt8]

    /// Bytes from which a grapheme cluster is looked up scalar by scalar only.
    private static let clusterLimit = 6

    /// A map from its bytes; `nil` when they are no such map.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count >= 4 else { return nil }
        let trieBytes = Int(CharacterMap.word(bytes, 0))
        guard trieBytes % 4 == 0, trieBytes >= 4, trieBytes <= bytes.count - 4 else { return nil }
        units = stride(from: 4, to: 4 + trieBytes, by: 4).map { CharacterMap.word(bytes, $0) }
        replacements = Array(bytes[(4 + trieBytes)...])
        // Replacements become part of texts, which are valid UTF-8 throughout this module.
        guard isValidUTF8(replacements[...]) else { return nil }
    }

    private static func word(_ bytes: [UInt8], _ at: Int) -> UInt32 {
        UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]) << 16 | UInt32(bytes[at + 3]) << 24
    }

    /// The replacement for the shortest mapped sequence that a text starts with; `nil` when there is none.
    ///
    /// Taking the shortest is what the reference does, although the longest was meant.
    private func replacement(for text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var node = CharacterMap.offset(units[0])
        for byte in text {
            guard byte != 0 else { return nil }
            node ^= Int(byte)
            guard node < units.count else { return nil }
            let unit = units[node]
            guard unit & (1 << 31 | 0xFF) == UInt32(byte) else { return nil }
            node ^= CharacterMap.offset(unit)
            guard node < units.count else { return nil }
            if unit >> 8 & 1 == 1 {
                let start = Int(units[node] & 0x7FFF_FFFF)
                // A value that points inside a character comes from a damaged map.
                guard start < replacements.count, replacements[start] & 0xC0 != 0x80 else { return nil }
                let replacement = replacements[start...].prefix(Limits.mappedBytes + 1).prefix { $0 != 0 }
                return replacement.count <= Limits.mappedBytes ? replacement : nil
            }
        }
        return nil
    }

    private static func offset(_ unit: UInt32) -> Int {
        Int((unit >> 10) << ((unit & 1 << 9) >> 6))
    }

    /// Rewrites a text: whole grapheme clusters of up to five bytes where mapped, else scalar by scalar.
    package func apply(to text: inout NormalizedText) {
        let bytes = text.bytes
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        if bytes.isASCII {
            var at = 0
            while at < bytes.count {
                let isLineEnd = bytes[at] == 0x0D && at + 1 < bytes.count && bytes[at + 1] == 0x0A
                appendCluster(bytes[at..<at + (isLineEnd ? 2 : 1)], to: &result)
                if at == 0, result.isEmpty { text.startsAtOrigin = false }
                at += isLineEnd ? 2 : 1
            }
        } else {
            var at = 0
            for character in String(decoding: bytes, as: UTF8.self) {
                let end = min(at + character.utf8.count, bytes.count)
                appendCharacter(bytes, at..<end, to: &result)
                if at == 0, result.isEmpty { text.startsAtOrigin = false }
                at = end
            }
        }
        text.take(result)
    }

    /// Cuts what the standard library takes for one character where the reference does: before marks that are newer
    /// than its Unicode version.
    private func appendCharacter(_ bytes: [UInt8], _ range: Range<Int>, to result: inout [UInt8]) {
        var start = range.lowerBound
        var at = start
        while at < range.upperBound {
            let decoded = decodeScalar(bytes, at: at, end: range.upperBound)
            if at > start, !decoded.scalar.isKnownToSegmentation {
                appendCluster(bytes[start..<at], to: &result)
                start = at
            }
            at += decoded.byteCount
        }
        appendCluster(bytes[start..<range.upperBound], to: &result)
    }

    private func appendCluster(_ cluster: ArraySlice<UInt8>, to result: inout [UInt8]) {
        if cluster.count < CharacterMap.clusterLimit, let replacement = replacement(for: cluster) {
            result.append(contentsOf: replacement)
            return
        }
        var at = cluster.startIndex
        while at < cluster.endIndex {
            let lead = cluster[at]
            let length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
            let scalar = cluster[at..<min(at + length, cluster.endIndex)]
            result.append(contentsOf: replacement(for: scalar) ?? scalar)
            at += length
        }
    }
}
