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

extension JSONValue: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
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
