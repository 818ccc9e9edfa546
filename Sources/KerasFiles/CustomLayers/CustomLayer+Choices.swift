import ArchitectureSpecs
import JSON
import ModelGraph

extension CustomLayer {
    /// How a layer is known to be described.
    package enum Matching: String, Sendable, Hashable, Codable {
        /// By the name of its class.
        case names
        /// By what is stored for it: kinds, numbers and shapes of its parts and variables.
        case structure
    }

    /// Something that no file says, with everything that it can be.
    package struct Choice: Sendable, Hashable, Codable {
        /// What conditions call it, and what it is called by who settles it.
        package var name: String
        /// What it decides, in a few words.
        package var title: String
        /// What it can be, the usual first; none where the configuration's numbers are meant.
        package var values: [JSONValue]?
        /// Keys of the layer's configuration that say it, where the layer has them.
        package var keys: [String]?
        /// Whether whole numbers of the layer's configuration are what it can be.
        package var isNumberOfConfiguration: Bool?
        /// Whether it matters only to models in which something makes masks.
        package var needsMask: Bool?

        package init(
            name: String, title: String, values: [JSONValue]? = nil, keys: [String]? = nil,
            isNumberOfConfiguration: Bool? = nil, needsMask: Bool? = nil
        ) {
            self.name = name
            self.title = title
            self.values = values
            self.keys = keys
            self.isNumberOfConfiguration = isNumberOfConfiguration
            self.needsMask = needsMask
        }
    }

    /// How many parts of a class are stored.
    package struct Count: Sendable, Hashable, Codable {
        /// Class of the parts.
        package var `class`: String
        /// So many there must be.
        package var least: Int
    }

    /// A variable that the layer owns itself.
    package struct Variable: Sendable, Hashable {
        /// What calls name it.
        package var name: String
        /// Its extents, names of settings or numbers; axes of extent 1 in front are left out.
        package var shape: [Expression]?
        /// Whether a vector holds one number a row, not one row.
        package var isColumn: Bool?
        /// Whether training changes it; `nil`: it does.
        package var isTrainable: Bool?
        /// Which of the layer's variables it is; `nil`: as many as stand before it.
        package var number: Int?
    }
}

/// `"table"`, or `{"name": "table", "shape": ["length", "width"]}`.
extension CustomLayer.Variable: Codable {
    private enum Key: String, CodingKey { case name, shape, isColumn, isTrainable, number }

    package init(from decoder: any Decoder) throws {
        if let name = try? decoder.singleValueContainer().decode(String.self) {
            self.init(name: name)
            return
        }
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            name: try container.decode(String.self, forKey: .name),
            shape: try container.decodeIfPresent([Expression].self, forKey: .shape),
            isColumn: try container.decodeIfPresent(Bool.self, forKey: .isColumn),
            isTrainable: try container.decodeIfPresent(Bool.self, forKey: .isTrainable),
            number: try container.decodeIfPresent(Int.self, forKey: .number))
    }

    package func encode(to encoder: any Encoder) throws {
        if shape == nil, isColumn == nil, isTrainable == nil, number == nil {
            try name.encode(to: encoder)
            return
        }
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        try container.encodeIfPresent(shape, forKey: .shape)
        try container.encodeIfPresent(isColumn, forKey: .isColumn)
        try container.encodeIfPresent(isTrainable, forKey: .isTrainable)
        try container.encodeIfPresent(number, forKey: .number)
    }
}

extension Settings.Value {
    /// As an entry of a configuration.
    package var member: JSONValue {
        switch self {
        case .integer(let value): .integer(value)
        case .number(let value): .number(value)
        case .flag(let value): .bool(value)
        case .choice(let value): .string(value)
        // Documents of layers have neither.
        case .flags, .scaling: .null
        }
    }
}
