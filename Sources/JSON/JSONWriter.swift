/// Writes one JSON document into memory as it goes, without spaces, for a reader that accepts so many bytes.
///
/// `Document.encode` writes what is a value already; this one holds nothing but the text.
package struct JSONWriter {
    package private(set) var bytes: [UInt8] = []
    private let limit: Int
    private var needsComma = false

    /// - Parameter limit: Bytes beyond which `isTooLarge` holds.
    package init(limit: Int) {
        self.limit = limit
        bytes.reserveCapacity(64 << 10)
    }

    /// Whether more has been written than the reader would accept.
    package var isTooLarge: Bool { bytes.count > limit }

    /// An end of the text to return to with `rewind(to:)`.
    package struct Mark {
        fileprivate let count: Int
        fileprivate let needsComma: Bool
    }

    /// The end of the text as it is now.
    package var mark: Mark { Mark(count: bytes.count, needsComma: needsComma) }

    /// Takes back what was written since a mark.
    package mutating func rewind(to mark: Mark) {
        bytes.removeLast(bytes.count - mark.count)
        needsComma = mark.needsComma
    }

    /// An object, whose members `body` writes.
    package mutating func object(_ key: StaticString? = nil, _ body: (inout JSONWriter) throws -> Void) rethrows {
        try nested(key, UInt8(ascii: "{"), UInt8(ascii: "}"), body)
    }

    /// A list, whose elements `body` writes.
    package mutating func array(_ key: StaticString? = nil, _ body: (inout JSONWriter) throws -> Void) rethrows {
        try nested(key, UInt8(ascii: "["), UInt8(ascii: "]"), body)
    }

    /// A list of numbers.
    package mutating func array(_ key: StaticString? = nil, of numbers: [UInt64]) {
        array(key) { (json: inout JSONWriter) in
            for number in numbers { json.number(nil, number) }
        }
    }

    /// A whole number.
    package mutating func number(_ key: StaticString?, _ value: UInt64) {
        begin(key)
        bytes.append(contentsOf: String(value).utf8)
        needsComma = true
    }

    /// A whole number.
    package mutating func number(_ key: StaticString?, _ value: Int) {
        begin(key)
        bytes.append(contentsOf: String(value).utf8)
        needsComma = true
    }

    /// A truth value.
    package mutating func flag(_ key: StaticString, _ value: Bool) {
        begin(key)
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
        needsComma = true
    }

    /// Text given as bytes: what is not valid UTF-8 is spelled `\xNN`, so that the document stays valid.
    package mutating func text(_ key: StaticString?, _ value: some Collection<UInt8>) {
        if let valid = String(validating: value, as: UTF8.self) {
            text(key, valid)
        } else {
            text(key, escapingInvalid(value))
        }
    }

    /// A text.
    package mutating func text(_ key: StaticString?, _ value: String) {
        begin(key)
        JSONText.append(quoting: value, to: &bytes)
        needsComma = true
    }

    /// Bytes in base 64.
    package mutating func base64(_ key: StaticString?, _ data: UnsafeRawBufferPointer) {
        begin(key)
        bytes.append(UInt8(ascii: "\""))
        Base64.append(data, to: &bytes)
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

private func escapingInvalid(_ value: some Collection<UInt8>) -> String {
    var result = ""
    // Bytes of a character that is not complete yet, or never will be.
    var pending: [UInt8] = []
    func spellOut() {
        for byte in pending {
            let digits = [byte >> 4, byte & 15].map(JSONText.hexadecimalDigit)
            result += "\\x" + String(decoding: digits, as: UTF8.self)
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
