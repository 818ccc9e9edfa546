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

        package var description: String { "\(position)\(path.isEmpty ? "" : ", \(path)"): \(message)" }
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
    /// - Parameter isStrict: Whether a key that no part of the value has is an error: in what people write, it is a
    ///   mistyped one.
    package static func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: [UInt8], isStrict: Bool = false
    ) throws(ReadError) -> Value {
        let document: JSONDocument
        do throws(JSONDocument.SyntaxError) {
            document = try JSONDocument(parsing: bytes, limits: limits)
        } catch {
            throw ReadError(position: error.position, path: "", message: error.message)
        }
        let record = isStrict ? KeyRecord() : nil
        let value: Value
        do {
            value = try Value(from: FieldDecoder(field: document.root, record: record))
        } catch {
            // A mistyped key explains a missing one better than what is missing.
            throw record?.firstUnknown.map(ReadError.init) ?? ReadError(error, in: document.root)
        }
        if let unknown = record?.firstUnknown { throw ReadError(unknown) }
        return value
    }
}

extension Document.ReadError {
    fileprivate init(_ unknown: (field: JSONField, key: String, suggestion: String?)) {
        let advice = unknown.suggestion.map { "; did you mean \"\($0)\"?" } ?? ""
        self.init(
            position: unknown.field.position, path: unknown.field.path,
            message: "the key \"\(unknown.key.printable)\" is not known here\(advice)")
    }

    fileprivate init(_ error: any Error, in root: JSONField) {
        switch error {
        case DecodingError.keyNotFound(let key, let context):
            self.init(context, in: root, message: "\"\(key.stringValue)\" is missing")
        case DecodingError.valueNotFound(_, let context), DecodingError.typeMismatch(_, let context),
            DecodingError.dataCorrupted(let context):
            self.init(context, in: root, message: context.debugDescription)
        default: self.init(position: root.position, path: "", message: "cannot be read: \(error)")
        }
    }

    private init(_ context: DecodingError.Context, in root: JSONField, message: String) {
        // The decoder's own step leads to a field, steps behind it come from the type that was being read.
        var field = root
        for key in context.codingPath {
            if let key = key as? FieldKey {
                field = key.field
            } else if let inner = key.intValue.flatMap({ field.element($0) }) ?? field.member(key.stringValue) {
                field = inner
            }
        }
        self.init(position: field.position, path: field.path, message: message)
    }
}
