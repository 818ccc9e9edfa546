import Platform

/// A rule about members of a settings file that others wrote: what they mean to a result, or that they mean nothing.
///
/// In a table of rules (`Sources/ArchitectureSpecs/Keys`, `harmless` of an architecture spec):
///
///     { "keys": ["dropout", "*_dropout_prob"], "reason": "left out at inference" }
///     { "keys": "is_decoder", "values": false, "reason": "an encoder, as all of this family are here" }
package struct KeyRule: Sendable, Hashable {
    /// Paths of members, `a.b` for a member of a member; `*` stands for any text.
    package var keys: [String]
    /// The values at which the rule holds; `nil`: all.
    package var values: [JSONValue]?
    /// Why results do not depend on it.
    package var reason: String

    package init(keys: [String], values: [JSONValue]? = nil, reason: String) {
        self.keys = keys
        self.values = values
        self.reason = reason
    }

    /// Whether the rule is about a key.
    func isAbout(_ key: String) -> Bool { keys.contains { $0 == key || GlobPattern($0).matches(key) } }

    /// Whether the rule holds at a value.
    func holds(at value: JSONValue) -> Bool { values?.contains(value) ?? true }
}

extension KeyRule: Codable {
    private enum Key: String, CodingKey { case keys, values, reason }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        if let key = try? container.decode(String.self, forKey: .keys) {
            keys = [key]
        } else {
            keys = try container.decode([String].self, forKey: .keys)
        }
        let told = try container.decodeIfPresent(JSONValue.self, forKey: .values)
        values = told.map { $0.arrayValue ?? [$0] }
        reason = try container.decode(String.self, forKey: .reason)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        if keys.count == 1 {
            try container.encode(keys[0], forKey: .keys)
        } else {
            try container.encode(keys, forKey: .keys)
        }
        try container.encodeIfPresent(values, forKey: .values)
        try container.encode(reason, forKey: .reason)
    }
}
