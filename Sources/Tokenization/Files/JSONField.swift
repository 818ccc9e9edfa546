/// A value inside a JSON file together with its place, so that every complaint can name it.
struct JSONField: Sendable {
    let document: JSONDocument
    let index: Int
    /// Names and indices from the outermost value, such as `model.vocab`.
    let path: String

    var file: String { document.file }
    var kind: JSONDocument.Kind { document.nodes[index].kind }
    var isNull: Bool { kind == .null }

    /// A complaint about this value.
    func malformed(_ reason: String) -> TokenizationError { .damaged(file, path, reason) }

    /// A complaint about a value we understand but do not handle.
    func unsupported(_ found: String, remedy: String) -> TokenizationError {
        .unsupported(file: file, field: path, found: found, remedy: remedy)
    }

    /// Calls a closure with key and value of each member; a value that is no object is an error.
    func forEachMember(
        _ body: (_ key: [UInt8], _ value: JSONField) throws(TokenizationError) -> Void
    )
        throws(TokenizationError)
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
    func elements() throws(TokenizationError) -> [JSONField] {
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
    func elementIndices() throws(TokenizationError) -> [Int] {
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
    func optional(_ name: String) throws(TokenizationError) -> JSONField? {
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
    func required(_ name: String) throws(TokenizationError) -> JSONField {
        guard let field = try optional(name) else { throw malformed("“\(name)” is missing") }
        return field
    }

    /// UTF-8 bytes of a string.
    func bytes() throws(TokenizationError) -> [UInt8] {
        guard let bytes = document.string(at: index) else { throw malformed("a string was expected") }
        return bytes
    }

    /// UTF-8 bytes of a text that is put into users' texts, and therefore must be short.
    func affix() throws(TokenizationError) -> [UInt8] {
        let bytes = try bytes()
        guard bytes.count <= Limits.affixBytes else {
            throw .limit(file: file, field: "\(path) (bytes)", limit: Limits.affixBytes, found: bytes.count)
        }
        return bytes
    }

    func string() throws(TokenizationError) -> String { String(decoding: try bytes(), as: UTF8.self) }

    func bool() throws(TokenizationError) -> Bool {
        switch kind {
        case .true: true
        case .false: false
        default: throw malformed("true or false was expected")
        }
    }

    func double() throws(TokenizationError) -> Double {
        guard kind == .number, let value = Double(rawText), value.isFinite else {
            throw malformed("a finite number was expected")
        }
        return value
    }

    /// A whole number within bounds.
    func integer(in range: ClosedRange<Int>) throws(TokenizationError) -> Int {
        guard kind == .number, let value = Int(rawText), range.contains(value) else {
            throw malformed("a whole number from \(range.lowerBound) to \(range.upperBound) was expected")
        }
        return value
    }

    /// A token id.
    func tokenID() throws(TokenizationError) -> Int32 {
        Int32(try integer(in: 0...Limits.tokens - 1))
    }

    func bool(_ name: String, default fallback: Bool) throws(TokenizationError) -> Bool {
        try optional(name)?.bool() ?? fallback
    }

    func string(_ name: String) throws(TokenizationError) -> String? { try optional(name)?.string() }

    /// The value of a `type` member, by which the format tells alternatives apart.
    func typeName() throws(TokenizationError) -> String { try required("type").string() }

    private var rawText: String {
        let node = document.nodes[index]
        return String(decoding: document.bytes[Int(node.start)..<Int(node.end)], as: UTF8.self)
    }
}
