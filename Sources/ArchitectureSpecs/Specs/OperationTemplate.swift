import ModelGraph

/// An operation of the graph whose numbers are expressions; fields are named as in a graph document.
///
/// An optional field that is the name of a setting which is not set counts as left out.
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
        var shiftedFrom: Expression?
    }

    /// A mask told by ids: those of a setting or a number each.
    package struct TokenMask: Sendable, Hashable, Codable {
        var ids: [Expression]
        var isHiding: FlagExpression?
    }

    package struct Norm: Sendable, Hashable, Codable {
        var norm: ModelGraph.Norm.Kind
        var width: Expression
        var epsilon: Expression
        var hasOffset: FlagExpression?
        var scaleOffset: Expression?
    }

    package struct Linear: Sendable, Hashable, Codable {
        var inputWidth: Expression
        var outputWidth: Expression
        var hasBias: FlagExpression?
    }

    case embedding(Embedding)
    case norm(Norm)
    case linear(Linear)
    /// The function's own name, or the name of a choice among the settings.
    case activation(String)
    case gate(String)
    case add
    case multiply
    case softmax
    case attention(Attention)
    case pooling(Pooling)
    case convolution(Convolution)
    case concatenate(Concatenation)
    case slice(Slice)
    case affine(Affine)
    case table(Table)
    case tokenMask(TokenMask)

    /// Names of settings that the template reads.
    var names: Set<String> {
        let (expressions, flags) = parts
        let read = expressions.compactMap { $0?.names } + flags.compactMap { $0?.names }
        let own: Set<String>
        switch self {
        case .activation(let function), .gate(let function):
            own = Activation(rawValue: function) == nil ? [function] : []
        default: own = []
        }
        return read.reduce(into: own) { $0.formUnion($1) }
    }

    private var parts: (expressions: [Expression?], flags: [FlagExpression?]) {
        switch self {
        case .embedding(let embedding):
            (
                [
                    embedding.vocabulary, embedding.width, embedding.positions?.count, embedding.positions?.offset,
                    embedding.types, embedding.scale, embedding.paddingID, embedding.shiftedFrom,
                ], []
            )
        case .norm(let norm): ([norm.width, norm.epsilon, norm.scaleOffset], [norm.hasOffset])
        case .linear(let linear): ([linear.inputWidth, linear.outputWidth], [linear.hasBias])
        case .attention(let attention): (attention.expressions, attention.flags)
        case .convolution(let convolution): (convolution.expressions, [convolution.hasBias])
        case .slice(let slice): ([slice.start, slice.count, slice.less], [])
        case .affine(let affine): ([affine.width, affine.factor, affine.shift], [affine.hasScale, affine.hasOffset])
        case .table(let table):
            (
                [table.count, table.width, table.offset, table.resampling?.leading] + (table.resampling?.grid ?? []),
                [table.resampling?.isAntialiased]
            )
        case .tokenMask(let mask): (mask.ids, [mask.isHiding])
        case .activation, .gate, .add, .multiply, .softmax, .pooling, .concatenate: ([], [])
        }
    }
}

extension OperationTemplate: Codable {
    private enum Key: String, CodingKey { case kind, function, pool, along }

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
        case "multiply": self = .multiply
        case "softmax": self = .softmax
        case "attention": self = .attention(try Attention(from: decoder))
        case "pooling": self = .pooling(try container.decode(Pooling.self, forKey: .pool))
        case "convolution": self = .convolution(try Convolution(from: decoder))
        case "concatenate": self = .concatenate(try container.decode(Concatenation.self, forKey: .along))
        case "slice": self = .slice(try Slice(from: decoder))
        case "affine": self = .affine(try Affine(from: decoder))
        case "token_mask": self = .tokenMask(try TokenMask(from: decoder))
        case "table": self = .table(try Table(from: decoder))
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
        case .concatenate(let along): try encode("concatenate"); try container.encode(along, forKey: .along)
        case .convolution(let template): try encode("convolution"); try template.encode(to: encoder)
        case .slice(let template): try encode("slice"); try template.encode(to: encoder)
        case .affine(let template): try encode("affine"); try template.encode(to: encoder)
        case .table(let template): try encode("table"); try template.encode(to: encoder)
        case .tokenMask(let template): try encode("token_mask"); try template.encode(to: encoder)
        case .add: try encode("add")
        case .multiply: try encode("multiply")
        case .softmax: try encode("softmax")
        }
    }
}
