/// A Boolean of a template: `true`, `false`, or a condition.
package enum FlagExpression: Sendable, Hashable {
    case constant(Bool)
    case condition(Condition)

    func value(in settings: Settings) throws(Expression.Failure) -> Bool {
        switch self {
        case .constant(let value): value
        case .condition(let condition): try condition.holds(in: settings)
        }
    }

    var names: Set<String> { if case .condition(let condition) = self { condition.names } else { [] } }
}

extension FlagExpression: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Bool.self) {
            self = .constant(value)
        } else {
            self = .condition(try container.decode(Condition.self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .constant(let value): try value.encode(to: encoder)
        case .condition(let condition): try condition.encode(to: encoder)
        }
    }
}
