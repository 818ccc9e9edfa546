/// Writes one JSON document into memory, refusing to grow beyond a limit.
///
/// Written by hand because Foundation would cost the helper more time to start than reading a checkpoint's index.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    private let limit: Int
    private var needsComma = false

    init(limit: Int) {
        self.limit = limit
        bytes.reserveCapacity(64 << 10)
    }

    /// Whether more has been written than the reader would accept.
    var isTooLarge: Bool { bytes.count > limit }

    /// A place to return to with `rewind(to:)`.
    struct Mark {
        fileprivate let count: Int
        fileprivate let needsComma: Bool
    }

    var mark: Mark { Mark(count: bytes.count, needsComma: needsComma) }

    mutating func rewind(to mark: Mark) {
        bytes.removeLast(bytes.count - mark.count)
        needsComma = mark.needsComma
    }

    mutating func object(_ key: StaticString? = nil, _ body: (inout JSONWriter) throws -> Void) rethrows {
        try nested(key, UInt8(ascii: "{"), UInt8(ascii: "}"), body)
    }

    mutating func array(_ key: StaticString? = nil, _ body: (inout JSONWriter) throws -> Void) rethrows {
        try nested(key, UInt8(ascii: "["), UInt8(ascii: "]"), body)
    }

    mutating func array(_ key: StaticString? = nil, of numbers: some Sequence<some BinaryInteger>) {
        array(key) { (json: inout JSONWriter) in
            for number in numbers { json.number(nil, number) }
        }
    }

    mutating func number(_ key: StaticString?, _ value: some BinaryInteger) {
        begin(key)
        bytes.append(contentsOf: String(value).utf8)
        needsComma = true
    }

    mutating func flag(_ key: StaticString, _ value: Bool) {
        begin(key)
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
        needsComma = true
    }

    /// Text given as bytes: what is not valid UTF-8 is spelled `\xNN`, so that the document stays valid.
    mutating func text(_ key: StaticString?, _ value: some Collection<UInt8>) {
        if let valid = String(validating: value, as: UTF8.self) {
            text(key, valid)
        } else {
            text(key, escapingInvalid(value))
        }
    }

    mutating func text(_ key: StaticString?, _ value: String) {
        begin(key)
        bytes.append(UInt8(ascii: "\""))
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(hexDigit(byte >> 4))
                bytes.append(hexDigit(byte & 15))
            default:
                bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Bytes in base64 (RFC 4648, with padding).
    mutating func base64(_ key: StaticString?, _ data: UnsafeRawBufferPointer) {
        begin(key)
        bytes.append(UInt8(ascii: "\""))
        bytes.reserveCapacity(bytes.count + data.count / 3 * 4 + 8)
        var index = 0
        while index < data.count {
            let count = min(3, data.count - index)
            var group = UInt32(data[index]) << 16
            if count > 1 { group |= UInt32(data[index + 1]) << 8 }
            if count > 2 { group |= UInt32(data[index + 2]) }
            for digit in 0..<4 {
                bytes.append(digit <= count ? base64Digit(group >> (18 - 6 * UInt32(digit)) & 63) : UInt8(ascii: "="))
            }
            index += 3
        }
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    private mutating func nested(
        _ key: StaticString?, _ opening: UInt8, _ closing: UInt8, _ body: (inout JSONWriter) throws -> Void
    ) rethrows {
        begin(key)
        bytes.append(opening)
        needsComma = false
        try body(&self)
        bytes.append(closing)
        needsComma = true
    }

    private mutating func begin(_ key: StaticString?) {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = false
        guard let key else { return }
        bytes.append(UInt8(ascii: "\""))
        key.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: "\":".utf8)
    }
}

private func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}

private func base64Digit(_ value: UInt32) -> UInt8 {
    let value = UInt8(truncatingIfNeeded: value)
    return switch value {
    case 0..<26: UInt8(ascii: "A") + value
    case 26..<52: UInt8(ascii: "a") + value - 26
    case 52..<62: UInt8(ascii: "0") + value - 52
    case 62: UInt8(ascii: "+")
    default: UInt8(ascii: "/")
    }
}

private func escapingInvalid(_ value: some Collection<UInt8>) -> String {
    var result = ""
    // Bytes of a character that is not complete yet, or never will be.
    var pending: [UInt8] = []
    func spellOut() {
        for byte in pending {
            result += "\\x" + String(Unicode.Scalar(hexDigit(byte >> 4))) + String(Unicode.Scalar(hexDigit(byte & 15)))
        }
        pending = []
    }
    for byte in value {
        let isContinuation = byte & 0xC0 == 0x80
        if !isContinuation || pending.count == 4 { spellOut() }
        pending.append(byte)
        if let character = String(validating: pending, as: UTF8.self) {
            result += character
            pending = []
        }
    }
    spellOut()
    return result
}
