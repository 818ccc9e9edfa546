import ArchitectureSpecs
import JSON
import ModelGraph

/// What a layer class that a user wrote is made of: known layers, variables of its own, and the calls between them.
///
/// A JSON document (`docs/keras-models.md`, `schemas/keras-layer.schema.json`).
package struct CustomLayer: Sendable, Hashable, Codable {
    /// A number, flag or word that decides how the layer is made.
    package struct Setting: Sendable, Hashable, Codable {
        /// What expressions call it.
        package var name: String
        /// Keys of the layer's configuration, to be tried in order; a null counts as no key.
        package var keys: [String]?
        /// An extent of a stored variable: what is stored is true whatever the configuration says.
        package var extent: Extent?
        /// Of settings before this one: whether it holds.
        package var condition: Condition?
        /// Used when nothing else tells it.
        package var `default`: JSONValue?
        /// The only values that the document stands for; others are refused.
        package var only: [JSONValue]?

        package init(
            name: String, keys: [String]? = nil, extent: Extent? = nil, condition: Condition? = nil,
            `default`: JSONValue? = nil, only: [JSONValue]? = nil
        ) {
            self.name = name
            self.keys = keys
            self.extent = extent
            self.condition = condition
            self.default = `default`
            self.only = only
        }
    }

    /// An extent of a variable.
    package struct Extent: Sendable, Hashable, Codable {
        /// The part that owns it, parts inside parts separated by `/`.
        package var part: String
        /// The object inside the part, `query_dense`; none: the part itself.
        package var object: String?
        /// Which of the variables there; none: the first.
        package var number: Int?
        /// Negative: counted from the end.
        package var axis: Int
    }

    /// A layer inside the custom one.
    package struct Part: ConditionalEntry {
        /// Name of the attribute that holds it.
        package var name: NameTemplate
        /// Other names that the attribute goes by; where stored shapes tell the parts, words that its name may hold.
        package var alternatives: [NameTemplate]?
        /// Extents of its kernel or table, names of settings or numbers; where stored shapes tell the parts.
        package var shape: [Expression]?
        /// A layer class, built in or custom.
        package var `class`: String
        /// Its configuration.
        package var config: JSONValue?
        /// Numbers of its configuration, by expressions over the settings.
        package var dimensions: [String: Expression]?
        /// What it takes over from the custom layer's own configuration.
        package var options: [String: Option]?
        /// Settings and choices of any kind that its configuration takes over, by the configuration's keys.
        package var words: [String: String]?
        /// The layers of a chain (`Sequential`).
        package var parts: [Part]?
        /// When the layer has it; `nil`: always.
        package var when: Condition?
    }

    /// An entry of a part's configuration that is the custom layer's own.
    package struct Option: Sendable, Hashable {
        /// Key of the custom layer's configuration.
        package var key: String
        /// Values that mean something else to the part.
        package var values: [String: JSONValue]
        /// Used when there is no such key.
        package var `default`: JSONValue?
    }

    /// A step of what the layer computes.
    package struct Call: ConditionalEntry {
        /// Name of the result, or names of several. A name may be given again: later calls read what came last.
        package var value: OneOrMany<NameTemplate>
        /// The part or variable that is called.
        package var part: NameTemplate?
        /// A layer class without weights, or a function of the framework, that is called.
        package var operation: String?
        /// Names of values, one an argument.
        package var arguments: [NameTemplate]
        /// Names of values handed in by name.
        package var keywords: [String: NameTemplate]?
        /// Constants handed in by name.
        package var constants: [String: JSONValue]?
        /// Whole numbers handed in by name.
        package var numbers: [String: Expression]?
        /// Settings and choices of any kind, handed in by name.
        package var words: [String: String]?
        /// Configuration of an operation.
        package var config: JSONValue?
        /// Whether the operation takes all values as one list.
        package var isList: Bool?
        /// When it is computed; `nil`: always.
        package var when: Condition?
    }

    /// A result of the layer.
    package struct Output: ConditionalEntry {
        /// Name of the value.
        package var value: NameTemplate
        /// When the layer gives it; `nil`: always.
        package var when: Condition?
    }

    /// Names of the values that the layer is called with: one list, or one for each number of values.
    package struct Inputs: Sendable, Hashable {
        /// Names in the order of the arguments.
        package var signatures: [[String]]

        /// All names, in the order in which they first stand.
        package var names: [String] {
            signatures.joined().reduce(into: []) { names, name in if !names.contains(name) { names.append(name) } }
        }
    }

    /// The document's own name, for messages.
    package var name: String
    /// What the layer is, in a line.
    package var title: String
    /// Class names that it goes by: without the package that they are registered under, or with it, and then no other.
    package var classes: [String]
    /// Keys of its configuration that change no result. Where the list is there, all others have to be read by the
    /// document; without it nobody accounts for them.
    package var ignores: [String]?
    /// How a layer is known to be described; `nil`: by the name of its class.
    package var match: Matching?
    /// What no file says, each with everything that it can be.
    package var choices: [Choice]?
    /// Settings that count stored parts; where stored shapes tell the parts.
    package var counted: [String: Count]?
    /// Each may depend on those before it.
    package var settings: [Setting]
    /// Variables that the layer owns itself, in the order in which it creates them.
    package var variables: [Variable]?
    /// In the order in which the layer creates them.
    package var parts: [Repeatable<Part>]
    /// What it is called with.
    package var inputs: Inputs
    /// In execution order.
    package var calls: [Repeatable<Call>]
    /// What the layer gives.
    package var output: OneOrMany<Repeatable<Output>>
    /// The value whose mask the first result hands on, the first that applies; none where nothing does.
    package var mask: [Output]?

    /// Whether a layer is of this class by its name.
    package func describes(_ layer: KerasLayer) -> Bool {
        !isByStructure && (classes.contains(layer.qualifiedClassName) || classes.contains(layer.plainClassName))
    }

    /// Whether stored shapes, not names, tell that a layer is described.
    package var isByStructure: Bool { match == .structure }

    /// Name of the flag that tells whether an input was handed in.
    package static func givenFlag(_ input: String) -> String { "given_\(input)" }
}

extension CustomLayer.Inputs: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let names = try? container.decode([String].self) {
            signatures = [names]
        } else {
            signatures = try container.decode([[String]].self)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if signatures.count == 1 { try container.encode(signatures[0]) } else { try container.encode(signatures) }
    }
}

/// `"inner_activation"`, or `{"key": "inner_activation", "values": {"<lambda>": "gelu_tanh"}}`.
extension CustomLayer.Option: Codable {
    private enum Key: String, CodingKey { case key, values, `default` }

    package init(from decoder: any Decoder) throws {
        if let key = try? decoder.singleValueContainer().decode(String.self) {
            self.init(key: key, values: [:])
            return
        }
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            key: try container.decode(String.self, forKey: .key),
            values: try container.decodeIfPresent([String: JSONValue].self, forKey: .values) ?? [:],
            default: try container.decodeIfPresent(JSONValue.self, forKey: .default))
    }

    package func encode(to encoder: any Encoder) throws {
        if values.isEmpty, `default` == nil {
            try key.encode(to: encoder)
            return
        }
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(key, forKey: .key)
        if !values.isEmpty { try container.encode(values, forKey: .values) }
        try container.encodeIfPresent(`default`, forKey: .default)
    }
}

/// `"sum"`, or `{"value": "sum", "when": "…"}`.
extension CustomLayer.Output {
    private enum Key: String, CodingKey { case value, when }

    package init(from decoder: any Decoder) throws {
        if let value = try? decoder.singleValueContainer().decode(NameTemplate.self) {
            self.init(value: value)
            return
        }
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            value: try container.decode(NameTemplate.self, forKey: .value),
            when: try container.decodeIfPresent(Condition.self, forKey: .when))
    }

    package func encode(to encoder: any Encoder) throws {
        guard let when else {
            try value.encode(to: encoder)
            return
        }
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(value, forKey: .value)
        try container.encode(when, forKey: .when)
    }
}
