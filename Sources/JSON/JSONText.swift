import Platform

/// The text of a document: two spaces of indentation, keys in the order of their UTF-8 bytes.
///
/// Laid out as Foundation's encoder does with sorted keys and slashes as they are, which wrote the first documents:
/// the same contents are the same bytes in every version. A test compares the two.
struct JSONText {
    private(set) var bytes: [UInt8] = []
    /// Whether characters that could steer a terminal are escaped too.
    let isForTerminal: Bool

    init(isForTerminal: Bool) { self.isForTerminal = isForTerminal }

    mutating func append(_ tree: JSONTree, indentation: Int) {
        switch tree.content {
        case .literal(let text): bytes.append(contentsOf: text.utf8)
        case .string(let text): append(quoting: text)
        case .array(let elements):
            list("[", "]", elements, indentation) { text, element in
                text.append(element, indentation: indentation + 1)
            }
        case .object(let members):
            let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            list("{", "}", sorted, indentation) { text, member in
                text.append(quoting: member.key)
                text.bytes.append(contentsOf: " : ".utf8)
                text.append(member.value, indentation: indentation + 1)
            }
        }
    }

    private mutating func list<Entry>(
        _ opening: String, _ closing: String, _ entries: [Entry], _ indentation: Int,
        _ write: (inout JSONText, Entry) -> Void
    ) {
        bytes.append(contentsOf: opening.utf8)
        for (number, entry) in entries.enumerated() {
            bytes.append(contentsOf: number == 0 ? "\n".utf8 : ",\n".utf8)
            indent(indentation + 1)
            write(&self, entry)
        }
        // A list without entries has an empty line.
        bytes.append(contentsOf: entries.isEmpty ? "\n\n".utf8 : "\n".utf8)
        indent(indentation)
        bytes.append(contentsOf: closing.utf8)
    }

    private mutating func indent(_ depth: Int) { bytes.append(contentsOf: repeatElement(0x20, count: 2 * depth)) }

    private mutating func append(quoting text: String) {
        guard isForTerminal, text.unicodeScalars.contains(where: { $0.value >= 0x7F && $0.isMisleading }) else {
            return Self.append(quoting: text, to: &bytes)
        }
        bytes.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            if scalar.value >= 0x7F, scalar.isMisleading {
                for unit in UTF16.encode(scalar) ?? .init() { Self.append(escaped: unit, to: &bytes) }
            } else {
                Self.append(contentsOf: String(scalar).utf8, to: &bytes)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    // MARK: Strings

    /// Appends a text between quotes.
    static func append(quoting text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        append(contentsOf: text.utf8, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Appends UTF-8 with what JSON wants escaped.
    private static func append(contentsOf text: some Sequence<UInt8>, to bytes: inout [UInt8]) {
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0x08: bytes.append(contentsOf: "\\b".utf8)
            case 0x09: bytes.append(contentsOf: "\\t".utf8)
            case 0x0A: bytes.append(contentsOf: "\\n".utf8)
            case 0x0C: bytes.append(contentsOf: "\\f".utf8)
            case 0x0D: bytes.append(contentsOf: "\\r".utf8)
            case 0..<0x20: append(escaped: UInt16(byte), to: &bytes)
            default: bytes.append(byte)
            }
        }
    }

    /// Appends `\u001b`.
    private static func append(escaped unit: UInt16, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "\\u".utf8)
        for shift in [12, 8, 4, 0] as [UInt16] { bytes.append(hexadecimalDigit(UInt8(unit >> shift & 15))) }
    }

    /// The digit of a value below 16.
    static func hexadecimalDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
