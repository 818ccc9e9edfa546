import Platform

/// A value inside a JSON file together with its place, so that every complaint can name it.
package struct JSONField: Sendable {
    package let document: JSONDocument
    package let index: Int
    /// Names and indices from the outermost value, such as `model.vocab`.
    package let path: String

    package init(document: JSONDocument, index: Int, path: String) {
        self.document = document
        self.index = index
        self.path = path
    }

    package var file: String { document.file }
    package var kind: JSONDocument.Kind { document.nodes[index].kind }
    package var isNull: Bool { kind == .null }

    /// A complaint about this value.
    package func malformed(_ reason: String) -> FileError { .damaged(file, path, reason) }

    /// A complaint about a value we understand but do not handle.
    package func unsupported(_ found: String, remedy: String) -> FileError {
        .unsupported(file: file, field: path, found: found, remedy: remedy)
    }

    /// Calls a closure with key and value of each member; a value that is no object is an error.
    package func forEachMember(
        _ body: (_ key: [UInt8], _ value: JSONField) throws(FileError) -> Void
    )
        throws(FileError)
    {
        guard kind == .object else { throw malformed("an object was expected") }
        let end = Int(document.nodes[index].next)
        var at = index + 1
        while at + 1 < end {
            let key = document.string(at: at) ?? []
            try body(key, JSONField(document: document, index: at + 1, path: path))
            at = Int(document.nodes[at + 1].next)
        }
    }

    /// Elements of a list; a value that is no list is an error.
    package func elements() throws(FileError) -> [JSONField] {
        guard kind == .array else { throw malformed("a list was expected") }
        let end = Int(document.nodes[index].next)
        var result: [JSONField] = []
        var at = index + 1
        while at < end {
            result.append(JSONField(document: document, index: at, path: "\(path)[\(result.count)]"))
            at = Int(document.nodes[at].next)
        }
        return result
    }

    /// Index of each element of a list, without their paths (for long lists).
    package func elementIndices() throws(FileError) -> [Int] {
        guard kind == .array else { throw malformed("a list was expected") }
        let end = Int(document.nodes[index].next)
        var result: [Int] = []
        var at = index + 1
        while at < end {
            result.append(at)
            at = Int(document.nodes[at].next)
        }
        return result
    }

    /// A member that may be absent or null.
    package func optional(_ name: String) throws(FileError) -> JSONField? {
        guard kind == .object else { throw malformed("an object was expected") }
        let wanted = Array(name.utf8)
        let end = Int(document.nodes[index].next)
        var found: JSONField?
        var at = index + 1
        while at + 1 < end {
            if document.string(at: at) == wanted {
                guard found == nil else { throw malformed("the key “\(name)” occurs twice") }
                found = JSONField(document: document, index: at + 1, path: path.isEmpty ? name : "\(path).\(name)")
            }
            at = Int(document.nodes[at + 1].next)
        }
        guard let found, !found.isNull else { return nil }
        return found
    }

    /// A member that must be there.
    package func required(_ name: String) throws(FileError) -> JSONField {
        guard let field = try optional(name) else { throw malformed("“\(name)” is missing") }
        return field
    }

    /// UTF-8 bytes of a string.
    package func bytes() throws(FileError) -> [UInt8] {
        guard let bytes = document.string(at: index) else { throw malformed("a string was expected") }
        return bytes
    }

    package func string() throws(FileError) -> String { String(decoding: try bytes(), as: UTF8.self) }

    package func bool() throws(FileError) -> Bool {
        switch kind {
        case .true: true
        case .false: false
        default: throw malformed("true or false was expected")
        }
    }

    package func double() throws(FileError) -> Double {
        guard kind == .number, let value = Double(rawText), value.isFinite else {
            throw malformed("a finite number was expected")
        }
        return value
    }

    /// A whole number within bounds.
    package func integer(in range: ClosedRange<Int>) throws(FileError) -> Int {
        guard kind == .number, let value = Int(rawText), range.contains(value) else {
            throw malformed("a whole number from \(range.lowerBound) to \(range.upperBound) was expected")
        }
        return value
    }

    package func bool(_ name: String, default fallback: Bool) throws(FileError) -> Bool {
        try optional(name)?.bool() ?? fallback
    }

    package func string(_ name: String) throws(FileError) -> String? { try optional(name)?.string() }

    /// The value of a `type` member, by which the format tells alternatives apart.
    package func typeName() throws(FileError) -> String { try required("type").string() }

    private var rawText: String {
        let node = document.nodes[index]
        return String(decoding: document.bytes[Int(node.start)..<Int(node.end)], as: UTF8.self)
    }
}
