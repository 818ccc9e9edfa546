import Platform

/// A JSON text as a flat list of values that point into its bytes: the one reader for all JSON.
///
/// Vocabularies have hundreds of thousands of strings: they are decoded where they are used, and nothing is allocated
/// per value. Depth and number of values are bounded. Source: RFC 8259; besides, `NaN`, `Infinity` and `-Infinity` are
/// numbers, as Python writes them, which only `JSONValue` takes for ones.
package final class JSONDocument: Sendable {
    /// What a text may ask for. A value takes 16 bytes of memory besides the text.
    package struct Limits: Sendable, Hashable {
        /// Values in one text: numbers, strings, keys, lists, objects.
        package var values: Int
        /// Nesting of lists and objects.
        package var depth: Int

        package init(values: Int, depth: Int) {
            self.values = values
            self.depth = depth
        }

        /// The largest published tokenizers have a million values; a model inside a model of Keras is nested 30 deep.
        package static let standard = Limits(values: 8 << 20, depth: 64)
    }

    /// What a value is.
    package enum Kind: UInt8, Sendable { case null, `false`, `true`, number, string, array, object }

    /// One value. Members of an object are a string node (the key) and the value, in file order.
    struct Node: Sendable {
        let kind: Kind
        /// Whether a string has escapes.
        let hasEscapes: Bool
        /// Bytes of the value; of a string, what is between the quotes.
        let start: Int32
        var end: Int32
        /// Index just past this value and everything inside it.
        var next: Int32
    }

    /// The file's name, for messages.
    package let file: String
    /// The whole text.
    package let bytes: [UInt8]
    let nodes: [Node]

    /// Parses a whole file.
    ///
    /// - Parameter file: Its name, for messages.
    /// - Throws: `FileError` with line and column of what is no JSON, or passes a limit.
    package convenience init(
        parsing bytes: [UInt8], file: String, limits: Limits = .standard
    ) throws(FileError) {
        if bytes.starts(with: Array("version https://git-lfs".utf8)) {
            throw .malformed(
                file: file, field: "", reason: "is a git-LFS pointer, not the file itself",
                remedy: "fetch the contents with `git lfs pull`")
        }
        do throws(SyntaxError) {
            try self.init(parsing: bytes, named: file, limits: limits)
        } catch {
            throw .damaged(file, "\(error.position)", error.message)
        }
    }

    /// Parses a whole text.
    package convenience init(parsing bytes: [UInt8], limits: Limits = .standard) throws(SyntaxError) {
        try self.init(parsing: bytes, named: "", limits: limits)
    }

    private init(parsing bytes: [UInt8], named file: String, limits: Limits) throws(SyntaxError) {
        var parser = JSONParser(bytes: bytes, limits: limits)
        try parser.parse()
        self.file = file
        self.bytes = bytes
        nodes = parser.nodes
    }

    /// The outermost value.
    package var root: JSONField { JSONField(document: self, index: 0) }
}

extension JSONDocument {
    /// A line and a column of a text, both counted from 1; columns are characters (Unicode scalars).
    package struct Position: Sendable, Hashable, CustomStringConvertible {
        package let line: Int
        package let column: Int

        /// The position of a byte.
        init(of offset: Int, in bytes: [UInt8]) {
            let before = bytes[..<min(offset, bytes.count)]
            line = 1 + before.count { $0 == UInt8(ascii: "\n") }
            let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            // Continuation bytes belong to the character before them.
            column = 1 + before[start...].count { $0 & 0xC0 != 0x80 }
        }

        package var description: String { "line \(line) column \(column)" }
    }

    /// A text that is no JSON, or asks for too much.
    package struct SyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
        package let position: Position
        /// What is wrong, such as `is not valid JSON: a comma was expected`.
        package let message: String

        package var description: String { "\(position): \(message)" }
    }

    /// The UTF-8 bytes that a string stands for; `nil` when the value is no string.
    func string(at index: Int) -> [UInt8]? {
        let node = nodes[index]
        guard node.kind == .string else { return nil }
        let raw = bytes[Int(node.start)..<Int(node.end)]
        return node.hasEscapes ? JSONParser.unescape(raw) : Array(raw)
    }

    /// The text that a string stands for; `nil` when the value is no string.
    func text(at index: Int) -> String? {
        let node = nodes[index]
        guard node.kind == .string else { return nil }
        let raw = bytes[Int(node.start)..<Int(node.end)]
        return node.hasEscapes
            ? String(decoding: JSONParser.unescape(raw), as: UTF8.self) : String(decoding: raw, as: UTF8.self)
    }

    /// Whether the string at an index, a key, is a text.
    func isString(at index: Int, _ text: String) -> Bool {
        let node = nodes[index]
        if node.hasEscapes { return string(at: index)?.elementsEqual(text.utf8) ?? false }
        return bytes[Int(node.start)..<Int(node.end)].elementsEqual(text.utf8)
    }
}
