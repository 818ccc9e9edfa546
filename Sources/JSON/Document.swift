import Platform

/// Writing and reading of our JSON documents: one way for all of them, the same bytes for the same contents.
package enum Document {
    /// Why a document could not be read.
    package struct ReadError: Error, Sendable, Hashable, CustomStringConvertible {
        /// Line and column of what is wrong.
        package let position: JSONDocument.Position
        /// Where in the document, `layers[2].heads`; empty for the whole.
        package let path: String
        /// What is wrong.
        package let message: String
        /// What is wrong besides, with its places, and how much more there is.
        package var further: [String] = []

        /// Each thing that is wrong with its place.
        package var lines: [String] {
            ["\(position)\(path.isEmpty ? "" : ", \(path)"): \(message)"] + further
        }

        package var description: String { lines.joined(separator: "; ") }
    }

    /// More values than any document of ours has: each takes a hundred bytes and more of memory. Nested as deep as
    /// what people and other tools may put inside.
    package static let limits = JSONDocument.Limits(values: 8 << 20, depth: 256)

    /// Pretty-printed JSON with sorted keys and a final newline.
    ///
    /// - Parameter isForTerminal: Whether characters that could steer a terminal are written as `\u009b`.
    /// - Throws: Only for numbers that JSON cannot hold (NaN, infinities).
    package static func encode(_ value: some Encodable, isForTerminal: Bool = false) throws -> [UInt8] {
        let tree = JSONTree()
        try value.encode(to: TreeEncoder(tree: tree, codingPath: []))
        var text = JSONText(isForTerminal: isForTerminal)
        text.append(tree, indentation: 0)
        return text.bytes + [UInt8(ascii: "\n")]
    }

    /// The value that a JSON document holds.
    ///
    /// - Parameter isStrict: Whether a key that no part of the value has is an error, as one that stands twice: in what
    ///   people write, it is a mistyped one. All that is wrong is told at once then.
    package static func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: [UInt8], isStrict: Bool = false
    ) throws(ReadError) -> Value {
        let document: JSONDocument
        do throws(JSONDocument.SyntaxError) {
            document = try JSONDocument(parsing: bytes, limits: limits)
        } catch {
            throw ReadError(position: error.position, path: "", message: error.message)
        }
        let record = isStrict ? ReadingRecord(collects: false) : nil
        let value: Value
        do {
            value = try Value(from: FieldDecoder(field: document.root, record: record))
        } catch {
            let first = DocumentComplaint(error, in: document.root)
            throw isStrict ? everythingWrong(with: document.root, as: type, first) : ReadError(first)
        }
        if let error = record.flatMap({ ReadError($0.complaints) }) { throw error }
        return value
    }

    /// Reads a document that cannot be read once more, for all that is wrong with it.
    private static func everythingWrong<Value: Decodable>(
        with root: JSONField, as type: Value.Type, _ first: DocumentComplaint
    ) -> ReadError {
        let record = ReadingRecord(collects: true)
        _ = try? root.read(type, record)
        return ReadError(record.complaints) ?? ReadError(first)
    }
}
