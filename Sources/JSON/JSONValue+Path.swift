import Platform

extension JSONValue {
    /// A member of a member: keys separated by dots, members of lists by their index: `config.image_shape.0`.
    package subscript(path path: String) -> JSONValue? {
        path.split(separator: ".").reduce(Optional(self)) { value, key in
            guard case .array(let values)? = value else { return value?[String(key)] }
            return Int(key).flatMap { values.indices.contains($0) ? values[$0] : nil }
        }
    }

    /// For messages: short, on one line.
    package var shortDescription: String {
        switch self {
        case .null: "null"
        case .bool(let value): String(value)
        case .integer(let value): String(value)
        case .number(let value): String(value)
        case .string(let value): "\"\(value.printable)\""
        case .array(let values): "a list of \(values.count)"
        case .object: "an object"
        }
    }
}
