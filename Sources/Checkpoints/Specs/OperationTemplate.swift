import ModelGraph

/// A Boolean of a template: `true`, `false`, or a condition.
package enum Flag: Sendable, Hashable {
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

extension Flag: Codable {
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

/// An operation of the graph whose numbers are expressions; fields are named as in a graph document.
package enum OperationTemplate: Sendable, Hashable {
    package struct Embedding: Sendable, Hashable, Codable {
        struct Positions: Sendable, Hashable, Codable {
            var count: Expression
            var offset: Expression?
            var numbering: ModelGraph.Embedding.Numbering?
        }
        var vocabulary: Expression
        var width: Expression
        var positions: Positions?
        var types: Expression?
        var scale: Expression?
        var paddingID: Expression?
    }

    package struct Norm: Sendable, Hashable, Codable {
        var norm: ModelGraph.Norm.Kind
        var width: Expression
        var epsilon: Expression
        var hasOffset: Flag?
        var scaleOffset: Expression?
    }

    package struct Linear: Sendable, Hashable, Codable {
        var inputWidth: Expression
        var outputWidth: Expression
        var hasBias: Flag?
    }

    package struct Attention: Sendable, Hashable, Codable {
        struct Biases: Sendable, Hashable, Codable {
            var query, key, value, output: Flag?
        }
        struct Mask: Sendable, Hashable, Codable {
            var isCausal: Flag?
            var window: Expression?
        }
        var heads: Expression
        var inputWidth: Expression
        var memoryWidth: Expression?
        var outputWidth: Expression
        var headSize: Expression
        var valueSize: Expression?
        var groupCount: Expression?
        /// Left out: 1 / √headSize.
        var scale: Expression?
        var mask: Mask?
        var biases: Biases?
    }

    case embedding(Embedding)
    case norm(Norm)
    case linear(Linear)
    /// The function's own name, or the name of a choice among the settings.
    case activation(String)
    case gate(String)
    case add
    case attention(Attention)
    case pooling(Pooling)

    /// Names of settings that the template reads.
    var names: Set<String> {
        func names(_ expressions: [Expression?], _ flags: [Flag?] = []) -> Set<String> {
            let read = expressions.compactMap { $0?.names } + flags.compactMap { $0?.names }
            return read.reduce(into: []) { $0.formUnion($1) }
        }
        switch self {
        case .embedding(let embedding):
            return names([
                embedding.vocabulary, embedding.width, embedding.positions?.count, embedding.positions?.offset,
                embedding.types, embedding.scale, embedding.paddingID,
            ])
        case .norm(let norm): return names([norm.width, norm.epsilon, norm.scaleOffset], [norm.hasOffset])
        case .linear(let linear): return names([linear.inputWidth, linear.outputWidth], [linear.hasBias])
        case .activation(let function), .gate(let function):
            return Activation(rawValue: function) == nil ? [function] : []
        case .attention(let attention):
            return names(
                [
                    attention.heads, attention.inputWidth, attention.memoryWidth, attention.outputWidth,
                    attention.headSize, attention.valueSize, attention.groupCount, attention.scale,
                    attention.mask?.window,
                ],
                [
                    attention.mask?.isCausal, attention.biases?.query, attention.biases?.key, attention.biases?.value,
                    attention.biases?.output,
                ])
        case .add, .pooling: return []
        }
    }
}

extension OperationTemplate: Codable {
    private enum Key: String, CodingKey { case kind, function, pool }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let kind = try container.decode(String.self, forKey: .kind)
        switch kind {
        case "embedding": self = .embedding(try Embedding(from: decoder))
        case "norm": self = .norm(try Norm(from: decoder))
        case "linear": self = .linear(try Linear(from: decoder))
        case "activation": self = .activation(try container.decode(String.self, forKey: .function))
        case "gate": self = .gate(try container.decode(String.self, forKey: .function))
        case "add": self = .add
        case "attention": self = .attention(try Attention(from: decoder))
        case "pooling": self = .pooling(try container.decode(Pooling.self, forKey: .pool))
        default:
            throw DecodingError.dataCorruptedError(
                forKey: .kind, in: container, debugDescription: "unknown operation \"\(kind)\"")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        func encode(_ kind: String) throws { try container.encode(kind, forKey: .kind) }
        switch self {
        case .embedding(let template): try encode("embedding"); try template.encode(to: encoder)
        case .norm(let template): try encode("norm"); try template.encode(to: encoder)
        case .linear(let template): try encode("linear"); try template.encode(to: encoder)
        case .attention(let template): try encode("attention"); try template.encode(to: encoder)
        case .activation(let function): try encode("activation"); try container.encode(function, forKey: .function)
        case .gate(let function): try encode("gate"); try container.encode(function, forKey: .function)
        case .pooling(let pooling): try encode("pooling"); try container.encode(pooling, forKey: .pool)
        case .add: try encode("add")
        }
    }
}
