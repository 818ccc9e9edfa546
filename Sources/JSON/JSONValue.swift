import Platform

/// Any JSON value: configurations of other tools, and documents that are carried without being understood.
package enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// Member of an object; `nil` for anything else.
    package subscript(key: String) -> JSONValue? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    /// The text of a string; `nil` for anything else.
    package var stringValue: String? { if case .string(let value) = self { value } else { nil } }
    /// A truth value; `nil` for anything else.
    package var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }
    /// Elements of an array; `nil` for anything else.
    package var arrayValue: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    /// Members of an object; `nil` for anything else.
    package var objectValue: [String: JSONValue]? {
        if case .object(let value) = self { value } else { nil }
    }
    /// Whether this is `null`.
    package var isNull: Bool { self == .null }

    /// An integer, also when it was written as `12.0`.
    package var intValue: Int? {
        switch self {
        case .integer(let value): value
        case .number(let value): Int(exactly: value)
        default: nil
        }
    }

    /// A number, whole or not; `nil` for anything else.
    package var doubleValue: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }
}

extension JSONValue {
    /// The value that a whole text holds.
    ///
    /// - Parameter file: Name of the file, for messages.
    /// - Throws: `FileError` with line and column of what is no JSON, or passes a limit.
    package init(
        parsing bytes: [UInt8], file: String, limits: JSONDocument.Limits = .standard
    ) throws(FileError) {
        self.init(try JSONDocument(parsing: bytes, file: file, limits: limits).root)
    }

    /// A value of a text. Of several members with one key the first one counts.
    package init(_ field: JSONField) {
        switch field.kind {
        case .null: self = .null
        case .false: self = .bool(false)
        case .true: self = .bool(true)
        case .number: self.init(number: field)
        case .string: self = .string(field.stringValue ?? "")
        case .array: self = .array((field.arrayValue ?? []).map { JSONValue($0) })
        case .object:
            let members = (field.objectValue ?? []).map { ($0.key, JSONValue($0.value)) }
            self = .object(Dictionary(members) { first, _ in first })
        }
    }

    /// Whole numbers as integers, also those written as `12.0`; those beyond `Int`, and Python's `NaN` and
    /// `Infinity`, as floating-point numbers.
    private init(number field: JSONField) {
        let text = field.rawText
        if let value = Int(text) {
            self = .integer(value)
        } else {
            // The parser has found a number, or a word that Swift reads in the same sense.
            let value = Double(text) ?? .nan
            self = Int(exactly: value).map(JSONValue.integer) ?? .number(value)
        }
    }
}

extension JSONValue: Codable {
    /// - Throws: When the decoder is not that of `Document`.
    package init(from decoder: any Decoder) throws {
        guard let decoder = decoder as? FieldDecoder else {
            let context = DecodingError.Context(
                codingPath: decoder.codingPath, debugDescription: "is read by Document.decode only")
            throw DecodingError.dataCorrupted(context)
        }
        self.init(decoder.field)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}
