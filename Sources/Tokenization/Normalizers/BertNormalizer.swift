/// BERT's clean-up: control characters, ideographs, accents, case; each step can be switched off.
package struct BertNormalizer: Sendable {
    package var cleansText: Bool
    package var separatesIdeographs: Bool
    package var stripsAccents: Bool
    package var lowercases: Bool

    package init(cleansText: Bool, separatesIdeographs: Bool, stripsAccents: Bool, lowercases: Bool) {
        self.cleansText = cleansText
        self.separatesIdeographs = separatesIdeographs
        self.stripsAccents = stripsAccents
        self.lowercases = lowercases
    }

    package func apply(to text: inout NormalizedText) {
        if cleansText || separatesIdeographs { clean(&text) }
        let isASCII = text.bytes.isASCII
        if stripsAccents, !isASCII { stripAccents(&text) }
        if lowercases { lowercase(&text.bytes, isASCII: isASCII) }
    }

    private func clean(_ text: inout NormalizedText) {
        let bytes = text.bytes
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var at = 0
        while at < bytes.count {
            let byte = bytes[at]
            if byte < 0x7F, byte >= 0x20 {
                result.append(byte)
                at += 1
                continue
            }
            let decoded = decodeScalar(bytes, at: at, end: bytes.count)
            append(decoded.scalar, to: &result)
            if at == 0, result.isEmpty { text.startsAtOrigin = false }
            at += decoded.byteCount
        }
        text.bytes = result
    }

    private func append(_ scalar: Unicode.Scalar, to result: inout [UInt8]) {
        if cleansText {
            if scalar.isRemovedByBert { return }
            if scalar.isSpace {
                result.append(UInt8(ascii: " "))
                return
            }
        }
        let isSeparate = separatesIdeographs && scalar.isBertIdeograph
        if isSeparate { result.append(UInt8(ascii: " ")) }
        result.append(scalar)
        if isSeparate { result.append(UInt8(ascii: " ")) }
    }

    private func stripAccents(_ text: inout NormalizedText) {
        let bytes = UnicodeNormalization.nfd.normalized(text.bytes)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var at = 0
        while at < bytes.count {
            let decoded = decodeScalar(bytes, at: at, end: bytes.count)
            if !decoded.scalar.isBertAccent { result.append(decoded.scalar) }
            if at == 0, result.isEmpty { text.startsAtOrigin = false }
            at += decoded.byteCount
        }
        text.bytes = result
    }

    private func lowercase(_ bytes: inout [UInt8], isASCII: Bool) {
        if isASCII {
            bytes.withUnsafeMutableBufferPointer { buffer in
                for index in buffer.indices where buffer[index] &- 0x41 < 26 { buffer[index] |= 0x20 }
            }
            return
        }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var at = 0
        while at < bytes.count {
            let decoded = decodeScalar(bytes, at: at, end: bytes.count)
            result.appendLowercased(decoded.scalar)
            at += decoded.byteCount
        }
        bytes = result
    }
}
