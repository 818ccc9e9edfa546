extension JSONParser {
    /// Bytes of the escape sequence that a slice starts with (a surrogate pair counts as one); 0 when it is not valid.
    static func escapeLength(_ text: ArraySlice<UInt8>) -> Int {
        let kind = text.index(after: text.startIndex)
        guard kind < text.endIndex else { return 0 }
        switch text[kind] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return 2
        case UInt8(ascii: "u"):
            guard let first = codeUnit(text.dropFirst(2)) else { return 0 }
            switch first {
            case 0xD800...0xDBFF:
                let rest = text.dropFirst(6)
                guard rest.starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]),
                    let second = codeUnit(rest.dropFirst(2)), (0xDC00...0xDFFF).contains(second)
                else { return 0 }
                return 12
            case 0xDC00...0xDFFF: return 0
            default: return 6
            }
        default: return 0
        }
    }

    /// Resolves the escapes of a string that was found sound while parsing.
    static func unescape(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var rest = text
        while let byte = rest.first {
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                rest = rest.dropFirst()
                continue
            }
            let length = max(escapeLength(rest), 1)
            appendEscape(rest.prefix(length), to: &result)
            rest = rest.dropFirst(length)
        }
        return result
    }

    private static func appendEscape(_ escape: ArraySlice<UInt8>, to result: inout [UInt8]) {
        switch escape.dropFirst().first {
        case UInt8(ascii: "b"): result.append(0x08)
        case UInt8(ascii: "f"): result.append(0x0C)
        case UInt8(ascii: "n"): result.append(0x0A)
        case UInt8(ascii: "r"): result.append(0x0D)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "u"):
            guard let first = codeUnit(escape.dropFirst(2)) else { return }
            var value = first
            if escape.count == 12, let second = codeUnit(escape.dropFirst(8)) {
                value = 0x10000 + (first & 0x3FF) << 10 + (second & 0x3FF)
            }
            if let scalar = Unicode.Scalar(value) { result.append(contentsOf: UTF8.encode(scalar) ?? .init()) }
        case let plain?: result.append(plain)
        case nil: break
        }
    }

    /// The number that four hexadecimal digits stand for.
    private static func codeUnit(_ text: ArraySlice<UInt8>) -> UInt32? {
        guard text.count >= 4 else { return nil }
        var value: UInt32 = 0
        for byte in text.prefix(4) {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
