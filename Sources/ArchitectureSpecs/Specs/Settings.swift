import ModelGraph

/// Dimensions and options of one checkpoint under a spec's own names; inside a `repeat` also its index.
package struct Settings: Sendable, Hashable {
    package enum Value: Sendable, Hashable, CustomStringConvertible {
        case integer(Int)
        case number(Double)
        case flag(Bool)
        case choice(String)
        /// One flag a layer.
        case flags([Bool])
        /// How rotary positions are stretched.
        case scaling(Attention.Rotary.Scaling)

        /// A value as it is written in a condition: a number, `true`, `false`, or a word.
        init(literal: String) {
            if let value = Int(literal) {
                self = .integer(value)
            } else if let value = Double(literal) {
                self = .number(value)
            } else if let value = Bool(literal) {
                self = .flag(value)
            } else {
                self = .choice(literal)
            }
        }

        package var description: String {
            switch self {
            case .integer(let value): String(value)
            case .number(let value): String(value)
            case .flag(let value): String(value)
            case .choice(let value): "\"\(value)\""
            case .flags(let values): "a list of \(values.count)"
            case .scaling: "a scaling of rotary positions"
            }
        }
    }

    package private(set) var values: [String: Value]

    package init(_ values: [String: Value] = [:]) { self.values = values }

    package subscript(name: String) -> Value? { values[name] }

    /// The same settings with one more.
    package func setting(_ name: String, to value: Value) -> Settings {
        var result = self
        result.values[name] = value
        return result
    }

    /// For messages: the value, or that there is none.
    package func describe(_ name: String) -> String { values[name]?.description ?? "not set" }
}
