import Platform

// Reading of files of other tools: what is not as expected is an error that names file, position and path.

extension JSONField {
    /// Calls a closure with key and value of each member; a value that is no object is an error.
    package func forEachMember(
        _ body: (_ key: [UInt8], _ value: JSONField) throws(FileError) -> Void
    ) throws(FileError) {
        guard kind == .object else { throw malformed("an object was expected") }
        let end = Int(document.nodes[index].next)
        var at = index + 1
        while at < end {
            try body(document.string(at: at) ?? [], JSONField(document: document, index: at + 1))
            at = Int(document.nodes[at + 1].next)
        }
    }

    /// Elements of a list; a value that is no list is an error.
    package func elements() throws(FileError) -> [JSONField] {
        guard let elements = arrayValue else { throw malformed("a list was expected") }
        return elements
    }

    /// A member that may be absent or null; a key that occurs twice is an error.
    package func optional(_ name: String) throws(FileError) -> JSONField? {
        guard kind == .object else { throw malformed("an object was expected") }
        let end = Int(document.nodes[index].next)
        var found: JSONField?
        var at = index + 1
        while at < end {
            if document.isString(at: at, name) {
                guard found == nil else { throw malformed("the key “\(name)” occurs twice") }
                found = JSONField(document: document, index: at + 1)
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

    /// The text of a string.
    package func string() throws(FileError) -> String {
        guard let text = stringValue else { throw malformed("a string was expected") }
        return text
    }

    /// A truth value.
    package func bool() throws(FileError) -> Bool {
        guard let value = boolValue else { throw malformed("true or false was expected") }
        return value
    }

    /// A finite number.
    package func double() throws(FileError) -> Double {
        guard let value = finiteNumber(Double.self) else { throw malformed("a finite number was expected") }
        return value
    }

    /// A whole number within bounds, written without point and exponent.
    package func integer(in range: ClosedRange<Int>) throws(FileError) -> Int {
        guard kind == .number, let value = Int(rawText), range.contains(value) else {
            throw malformed("a whole number from \(range.lowerBound) to \(range.upperBound) was expected")
        }
        return value
    }

    /// A truth value of a member that may be missing.
    package func bool(_ name: String, default fallback: Bool) throws(FileError) -> Bool {
        try optional(name)?.bool() ?? fallback
    }

    /// The text of a member that may be missing.
    package func string(_ name: String) throws(FileError) -> String? { try optional(name)?.string() }

    /// The value of a `type` member, by which the format tells alternatives apart.
    package func typeName() throws(FileError) -> String { try required("type").string() }
}
