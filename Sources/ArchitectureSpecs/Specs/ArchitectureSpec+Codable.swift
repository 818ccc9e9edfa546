import ModelGraph

extension ArchitectureSpec.Names: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let name = try? container.decode(String.self) {
            list = [name]
        } else {
            list = try container.decode([String].self)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if list.count == 1 { try container.encode(list[0]) } else { try container.encode(list) }
    }
}

extension ArchitectureSpec.Step: Codable {
    private enum Key: String, CodingKey { case `repeat` }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self =
            container.contains(.repeat)
            ? .repetition(try ArchitectureSpec.Repetition(from: decoder))
            : .node(try ArchitectureSpec.NodeTemplate(from: decoder))
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .node(let node): try node.encode(to: encoder)
        case .repetition(let repetition): try repetition.encode(to: encoder)
        }
    }
}

extension ArchitectureSpec.NodeTemplate: Codable {
    private enum Key: String, CodingKey {
        case name, inputs, when, alias = "as", ties, shares, isHiddenState = "hiddenState", stack
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        name = try container.decode(NameTemplate.self, forKey: .name)
        operation = try OperationTemplate(from: decoder)
        inputs = try container.decode([NameTemplate].self, forKey: .inputs)
        when = try container.decodeIfPresent(Condition.self, forKey: .when)
        alias = try container.decodeIfPresent(ArchitectureSpec.Names.self, forKey: .alias)
        ties = try container.decodeIfPresent([String: Tie].self, forKey: .ties)
        shares = try container.decodeIfPresent(Sharing.self, forKey: .shares)
        isHiddenState = try container.decodeIfPresent(FlagExpression.self, forKey: .isHiddenState)
        stack = try container.decodeIfPresent(Stack.self, forKey: .stack)
    }

    package func encode(to encoder: any Encoder) throws {
        try operation.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        try container.encode(inputs, forKey: .inputs)
        try container.encodeIfPresent(when, forKey: .when)
        try container.encodeIfPresent(alias, forKey: .alias)
        try container.encodeIfPresent(ties, forKey: .ties)
        try container.encodeIfPresent(shares, forKey: .shares)
        try container.encodeIfPresent(isHiddenState, forKey: .isHiddenState)
        try container.encodeIfPresent(stack, forKey: .stack)
    }
}

extension TensorRule: Codable {
    private enum Key: String, CodingKey { case names, orientation, view, part, axes }

    package init(from decoder: any Decoder) throws {
        // The short form is the names alone.
        if let container = try? decoder.singleValueContainer() {
            if let name = try? container.decode(NameTemplate.self) {
                self.init(names: [name], orientation: nil)
                return
            }
            if let names = try? container.decode([NameTemplate].self) {
                self.init(names: names, orientation: nil)
                return
            }
        }
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            names: try (try? container.decode([NameTemplate].self, forKey: .names))
                ?? [container.decode(NameTemplate.self, forKey: .names)],
            orientation: try container.decodeIfPresent(Orientation.self, forKey: .orientation),
            view: try container.decodeIfPresent([Expression].self, forKey: .view),
            part: try container.decodeIfPresent(Part.self, forKey: .part),
            axes: try container.decodeIfPresent([Int].self, forKey: .axes))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(names, forKey: .names)
        try container.encodeIfPresent(orientation, forKey: .orientation)
        try container.encodeIfPresent(view, forKey: .view)
        try container.encodeIfPresent(part, forKey: .part)
        try container.encodeIfPresent(axes, forKey: .axes)
    }
}
