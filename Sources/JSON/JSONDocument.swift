import Platform

/// A JSON text as a flat list of values that point into its bytes.
///
/// Vocabularies have hundreds of thousands of strings: they are decoded where they are used, and nothing is allocated
/// per value. Depth and number of values are bounded. Source: RFC 8259.
package final class JSONDocument: Sendable {
    /// Values (numbers, strings, lists, objects) in one text; the largest published tokenizers have a million.
    package static let largestValueCount = 8 << 20
    /// Nesting of lists and objects.
    package static let largestDepth = 64

    package enum Kind: UInt8 { case null, `false`, `true`, number, string, array, object }

    /// One value. Members of an object are a string node (the key) and the value, in file order.
    package struct Node {
        package var kind: Kind
        /// Bytes of the value; of a string, what is between the quotes.
        package var start: Int32
        package var end: Int32
        /// Index just past this value and everything inside it.
        package var next: Int32
    }

    package let file: String
    package let bytes: [UInt8]
    package let nodes: [Node]

    /// Parses a whole file.
    package init(parsing bytes: [UInt8], file: String) throws(FileError) {
        var parser = JSONParser(bytes: bytes, file: file)
        try parser.parse()
        self.file = file
        self.bytes = bytes
        nodes = parser.nodes
    }

    /// The outermost value.
    package var root: JSONField { JSONField(document: self, index: 0, path: "") }

    /// The UTF-8 bytes a string value stands for; `nil` when the value is no string.
    package func string(at index: Int) -> [UInt8]? {
        let node = nodes[index]
        guard node.kind == .string else { return nil }
        let raw = bytes[Int(node.start)..<Int(node.end)]
        return raw.contains(UInt8(ascii: "\\")) ? JSONParser.unescape(raw) : Array(raw)
    }
}

/// Builds the list of values. Recursion is bounded by the depth limit.
struct JSONParser {
    let bytes: [UInt8]
    let file: String
    var nodes: [JSONDocument.Node] = []
    private var at = 0

    init(bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
    }

    mutating func parse() throws(FileError) {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
        if bytes.starts(with: Array("version https://git-lfs".utf8)) {
            throw .malformed(
                file: file, field: "", reason: "is a git-LFS pointer, not the file itself",
                remedy: "fetch the contents with `git lfs pull`")
        }
        try value(depth: 0)
        skipSpace()
        guard at == bytes.count else { throw failure("text after the end of the JSON value") }
    }

    private var current: UInt8? { at < bytes.count ? bytes[at] : nil }

    private func failure(_ reason: String) -> FileError {
        .damaged(file, "byte \(at)", "is not valid JSON: \(reason)")
    }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
    }

    private mutating func append(_ kind: JSONDocument.Kind, from start: Int) throws(FileError) -> Int {
        guard nodes.count < JSONDocument.largestValueCount else {
            throw .limit(
                file: file, field: "number of values", limit: JSONDocument.largestValueCount, found: nodes.count + 1)
        }
        let index = nodes.count
        nodes.append(.init(kind: kind, start: Int32(start), end: Int32(at), next: Int32(index + 1)))
        return index
    }

    private mutating func value(depth: Int) throws(FileError) {
        guard depth < JSONDocument.largestDepth else {
            throw .limit(file: file, field: "nesting at byte \(at)", limit: JSONDocument.largestDepth, found: depth + 1)
        }
        skipSpace()
        guard let first = current else { throw failure("the text ends too early") }
        let start = at
        switch first {
        case UInt8(ascii: "{"): try list(.object, closedBy: UInt8(ascii: "}"), depth: depth)
        case UInt8(ascii: "["): try list(.array, closedBy: UInt8(ascii: "]"), depth: depth)
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "t"): try word("true", .true)
        case UInt8(ascii: "f"): try word("false", .false)
        case UInt8(ascii: "n"): try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            while let byte = current, JSONParser.isNumberByte(byte) { at += 1 }
            _ = try append(.number, from: start)
        default: throw failure("a value was expected")
        }
    }

    /// Numbers are checked when they are read: most of a file's numbers never are.
    private static func isNumberByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }

    private mutating func word(_ text: StaticString, _ kind: JSONDocument.Kind) throws(FileError) {
        let start = at
        let letters = Array(text.description.utf8)
        guard bytes[at...].starts(with: letters) else { throw failure("a value was expected") }
        at += letters.count
        _ = try append(kind, from: start)
    }

    private mutating func list(_ kind: JSONDocument.Kind, closedBy close: UInt8, depth: Int) throws(FileError) {
        let own = try append(kind, from: at)
        at += 1
        skipSpace()
        if current != close {
            while true {
                if kind == .object {
                    skipSpace()
                    guard current == UInt8(ascii: "\"") else { throw failure("a key was expected") }
                    try string()
                    skipSpace()
                    guard current == UInt8(ascii: ":") else { throw failure("a colon was expected") }
                    at += 1
                }
                try value(depth: depth + 1)
                skipSpace()
                if current == close { break }
                guard current == UInt8(ascii: ",") else { throw failure("a comma or the end of the list was expected") }
                at += 1
            }
        }
        at += 1
        nodes[own].end = Int32(at)
        nodes[own].next = Int32(nodes.count)
    }

    private mutating func string() throws(FileError) {
        at += 1
        let start = at
        var isASCII = true
        while true {
            guard let byte = current else { throw failure("a string does not end") }
            if byte == UInt8(ascii: "\"") { break }
            guard byte >= 0x20 else { throw failure("a control character inside a string") }
            if byte >= 0x80 { isASCII = false }
            if byte == UInt8(ascii: "\\") {
                let length = JSONParser.escapeLength(bytes[at...])
                guard length > 0 else { throw failure("an invalid escape inside a string") }
                at += length
            } else {
                at += 1
            }
        }
        if !isASCII, !isValidUTF8(bytes[start..<at]) { throw failure("a string that is not UTF-8") }
        _ = try append(.string, from: start)
        at += 1
    }
}
