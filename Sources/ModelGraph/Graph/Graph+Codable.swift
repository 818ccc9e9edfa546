// The JSON form of a graph (schemas/graph.schema.json): an operation is an object with its `kind` and its fields.

extension Operation: Codable {
    private enum Key: String, CodingKey { case kind, function, pool, along, hidden, margin }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let kind = try container.decode(String.self, forKey: .kind)
        switch kind {
        case "embedding": self = .embedding(try Embedding(from: decoder))
        case "norm": self = .norm(try Norm(from: decoder))
        case "linear": self = .linear(try Linear(from: decoder))
        case "activation": self = .activation(try container.decode(Activation.self, forKey: .function))
        case "add": self = .add
        case "gate": self = .gate(try container.decode(Activation.self, forKey: .function))
        case "attention": self = .attention(try Attention(from: decoder))
        case "pooling": self = .pooling(try container.decode(Pooling.self, forKey: .pool))
        case "convolution": self = .convolution(try Convolution(from: decoder))
        case "concatenate": self = .concatenate(try container.decode(Concatenation.self, forKey: .along))
        case "rearrange": self = .rearrange(try Rearrangement(from: decoder))
        case "slice": self = .slice(try Slice(from: decoder))
        case "multiply": self = .multiply
        case "affine": self = .affine(try Affine(from: decoder))
        case "softmax": self = .softmax
        case "round": self = .round(try Rounding(from: decoder))
        case "table": self = .table(try Table(from: decoder))
        case "maps": self = .maps
        case "token_mask": self = .tokenMask(try TokenMask(from: decoder))
        case "elementwise": self = .elementwise(try container.decode(Elementwise.self, forKey: .function))
        case "mask": self = .mask(hidden: try container.decode(Float.self, forKey: .hidden))
        case "minimum": self = .minimum
        case "maximum": self = .maximum
        case "recurrent": self = .recurrent(try Recurrent(from: decoder))
        case "local_pooling": self = .localPooling(try LocalPooling(from: decoder))
        case "respacing": self = .respacing(try Respacing(from: decoder))
        case "matrix_product": self = .matrixProduct(try MatrixProduct(from: decoder))
        case "distribution": self = .distribution(try Distribution(from: decoder))
        case "token_matching": self = .matching(try TokenMatching(from: decoder))
        case "token_merge": self = .merge(try container.decode(TokenMerge.self, forKey: .function))
        case "exit": self = .exit(margin: try container.decode(Float.self, forKey: .margin))
        default:
            throw DecodingError.dataCorruptedError(
                forKey: .kind, in: container, debugDescription: "unknown operation \"\(kind)\"")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(kind, forKey: .kind)
        switch self {
        case .embedding(let operation): try operation.encode(to: encoder)
        case .norm(let operation): try operation.encode(to: encoder)
        case .linear(let operation): try operation.encode(to: encoder)
        case .attention(let operation): try operation.encode(to: encoder)
        case .activation(let function), .gate(let function): try container.encode(function, forKey: .function)
        case .pooling(let pooling): try container.encode(pooling, forKey: .pool)
        case .convolution(let operation): try operation.encode(to: encoder)
        case .rearrange(let operation): try operation.encode(to: encoder)
        case .slice(let operation): try operation.encode(to: encoder)
        case .affine(let operation): try operation.encode(to: encoder)
        case .table(let operation): try operation.encode(to: encoder)
        case .round(let rounding): try rounding.encode(to: encoder)
        case .tokenMask(let mask): try mask.encode(to: encoder)
        case .concatenate(let along): try container.encode(along, forKey: .along)
        case .mask(let hidden): try container.encode(hidden, forKey: .hidden)
        case .elementwise(let function): try container.encode(function, forKey: .function)
        case .recurrent(let operation): try operation.encode(to: encoder)
        case .localPooling(let operation): try operation.encode(to: encoder)
        case .respacing(let operation): try operation.encode(to: encoder)
        case .matrixProduct(let operation): try operation.encode(to: encoder)
        case .distribution(let operation): try operation.encode(to: encoder)
        case .matching(let operation): try operation.encode(to: encoder)
        case .merge(let function): try container.encode(function, forKey: .function)
        case .exit(let margin): try container.encode(margin, forKey: .margin)
        case .add, .multiply, .softmax, .minimum, .maximum, .maps: break
        }
    }
}

extension Node: Codable {
    private enum Key: String, CodingKey { case name, operation, inputs, ties, precisions }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            name: try container.decode(String.self, forKey: .name),
            operation: try container.decode(Operation.self, forKey: .operation),
            inputs: try container.decode([String].self, forKey: .inputs),
            ties: try container.decodeIfPresent([String: Tie].self, forKey: .ties) ?? [:],
            precisions: try container.decodeIfPresent([String: Precision].self, forKey: .precisions) ?? [:])
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        try container.encode(operation, forKey: .operation)
        try container.encode(inputs, forKey: .inputs)
        if !ties.isEmpty { try container.encode(ties, forKey: .ties) }
        if !precisions.isEmpty { try container.encode(precisions, forKey: .precisions) }
    }
}

extension Graph.Output: Codable {
    private enum Key: String, CodingKey { case name, value, isSqueezed, isOfChoices, extents }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            name: try container.decode(String.self, forKey: .name),
            value: try container.decode(String.self, forKey: .value),
            isSqueezed: try container.decodeIfPresent(Bool.self, forKey: .isSqueezed) ?? false,
            isOfChoices: try container.decodeIfPresent(Bool.self, forKey: .isOfChoices) ?? false,
            extents: try container.decodeIfPresent([Int?].self, forKey: .extents))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        try container.encode(value, forKey: .value)
        if isSqueezed { try container.encode(isSqueezed, forKey: .isSqueezed) }
        if isOfChoices { try container.encode(isOfChoices, forKey: .isOfChoices) }
        try container.encodeIfPresent(extents, forKey: .extents)
    }
}

extension Graph: Codable {
    private enum Key: String, CodingKey {
        case inputs, inputLayouts, nodes, outputs, hiddenStates, encoderHiddenStates, use
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            inputs: try container.decode([String].self, forKey: .inputs),
            inputLayouts: try container.decodeIfPresent([String: InputLayout].self, forKey: .inputLayouts) ?? [:],
            nodes: try container.decode([Node].self, forKey: .nodes),
            outputs: try container.decode([Output].self, forKey: .outputs),
            hiddenStates: try container.decode([String].self, forKey: .hiddenStates),
            encoderHiddenStates: try container.decodeIfPresent([String].self, forKey: .encoderHiddenStates) ?? [],
            use: try container.decode(ModelUse.self, forKey: .use))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(inputs, forKey: .inputs)
        if !inputLayouts.isEmpty { try container.encode(inputLayouts, forKey: .inputLayouts) }
        try container.encode(nodes, forKey: .nodes)
        try container.encode(outputs, forKey: .outputs)
        try container.encode(hiddenStates, forKey: .hiddenStates)
        if !encoderHiddenStates.isEmpty { try container.encode(encoderHiddenStates, forKey: .encoderHiddenStates) }
        try container.encode(use, forKey: .use)
    }
}
