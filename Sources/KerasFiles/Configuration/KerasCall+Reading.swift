import JSON
import ModelGraph
import Platform

extension KerasReference {
    /// `["name", call, result]`; Keras 2 appends the call's keywords.
    package init?(_ value: JSONValue) {
        guard let parts = value.arrayValue, (3...4).contains(parts.count), let layer = parts[0].stringValue,
            let call = parts[1].intValue, let result = parts[2].intValue, call >= 0, result >= 0,
            parts.count == 3 || parts[3].objectValue != nil
        else { return nil }
        self.init(layer: layer, call: call, result: result)
    }
}

extension KerasCall {
    /// One entry of `inbound_nodes`.
    ///
    /// - Returns: `nil` for what no release writes.
    package init?(_ node: JSONValue) throws(Problem) {
        if node["args"] != nil || node["kwargs"] != nil {
            try self.init(keras3: node)
        } else {
            try self.init(keras2: node)
        }
    }

    /// `{"args": […], "kwargs": {…}}`, tensors as `__keras_tensor__` objects.
    private init(keras3 node: JSONValue) throws(Problem) {
        var arguments: [KerasArgument] = []
        for value in node["args"]?.arrayValue ?? [] { arguments.append(try KerasArgument(keras3: value, depth: 0)) }
        var keywords: [String: KerasArgument] = [:]
        for (name, value) in node["kwargs"]?.objectValue ?? [:] {
            keywords[name] = try KerasArgument(keras3: value, depth: 0)
        }
        self.init(arguments: arguments, keywords: keywords)
    }

    /// A list of `["name", call, result, keywords]`, one a tensor of the first argument; for recorded operations a
    /// single one without the list around it; an object of them where the first argument has names.
    private init?(keras2 node: JSONValue) throws(Problem) {
        if let members = node.objectValue {
            var named: [String: KerasArgument] = [:]
            for (name, value) in members {
                guard let reference = KerasReference(value) else { return nil }
                named[name] = .reference(reference)
            }
            self.init(arguments: [.named(named)], keywords: [:])
            return
        }
        guard let entries = node.arrayValue, let head = entries.first else { return nil }
        let tensors = head.stringValue == nil ? entries : [node]
        var first: [KerasArgument] = []
        var keywords: [String: KerasArgument] = [:]
        for tensor in tensors {
            guard let parts = tensor.arrayValue, let name = parts.first?.stringValue else { return nil }
            if name == Self.constantMark {
                guard parts.count >= 3 else { return nil }
                first.append(try KerasArgument.tensor(parts[2], nil))
            } else {
                guard let reference = KerasReference(tensor) else { return nil }
                first.append(.reference(reference))
            }
            for (name, value) in parts.count > 3 ? parts[3].objectValue ?? [:] : [:] {
                keywords[name] = try KerasArgument(keras2: value, depth: 0)
            }
        }
        self.init(arguments: first.count == 1 ? first : [.list(first)], keywords: keywords)
    }

    fileprivate static let constantMark = "_CONSTANT_VALUE"
}

extension KerasArgument {
    package init(keras3 value: JSONValue, depth: Int) throws(Problem) {
        try Self.check(depth)
        if let elements = value.arrayValue {
            self = .list(try Self.list(elements) { value throws(Problem) in try Self(keras3: value, depth: depth + 1) })
            return
        }
        let config = value["config"] ?? .null
        switch value["class_name"]?.stringValue {
        case "__keras_tensor__":
            guard let reference = config["keras_history"].flatMap(KerasReference.init) else {
                throw Problem(.corrupt, "a tensor of a call without its \"keras_history\"")
            }
            self = .reference(reference)
        case "__slice__":
            self = .slice(
                start: try Self(keras3: config["start"] ?? .null, depth: depth + 1),
                stop: try Self(keras3: config["stop"] ?? .null, depth: depth + 1),
                step: try Self(keras3: config["step"] ?? .null, depth: depth + 1))
        case "__ellipsis__": self = .ellipsis
        case "__tuple__":
            self = .list(
                try Self.list(config["value"]?.arrayValue ?? value["items"]?.arrayValue ?? []) {
                    value throws(Problem) in try Self(keras3: value, depth: depth + 1)
                })
        case "__tensor__", "__numpy__": self = try Self.tensor(config["value"] ?? .null, config["dtype"]?.stringValue)
        default:
            guard value["class_name"] == nil, let members = value.objectValue, !members.isEmpty else {
                self = .constant(value)
                return
            }
            var named: [String: KerasArgument] = [:]
            for (name, member) in members { named[name] = try Self(keras3: member, depth: depth + 1) }
            self = named.values.contains { !$0.references.isEmpty } ? .named(named) : .constant(value)
        }
    }

    package init(keras2 value: JSONValue, depth: Int) throws(Problem) {
        try Self.check(depth)
        if let elements = value.arrayValue {
            if let reference = KerasReference(value), elements.count == 3 {
                self = .reference(reference)
            } else if elements.count >= 3, elements[0].stringValue == KerasCall.constantMark {
                self = try Self.tensor(elements[2], nil)
            } else if elements.first?.arrayValue?.first?.isNumberOrList == true, let array = ConstantArray(value) {
                // Lists of lists of numbers: a table.
                self = .array(array)
            } else {
                self = .list(
                    try Self.list(elements) { value throws(Problem) in try Self(keras2: value, depth: depth + 1) })
            }
        } else if let members = value.objectValue, members["start"] != nil, members["stop"] != nil {
            self = .slice(
                start: try Self(keras2: members["start"] ?? .null, depth: depth + 1),
                stop: try Self(keras2: members["stop"] ?? .null, depth: depth + 1),
                step: try Self(keras2: members["step"] ?? .null, depth: depth + 1))
        } else if value["type"]?.stringValue == "Ellipsis" {
            self = .ellipsis
        } else {
            self = .constant(value)
        }
    }

    /// Numbers that stand in place of a tensor; a single one, and what is no number, stays as it is.
    fileprivate static func tensor(_ value: JSONValue, _ type: String?) throws(Problem) -> KerasArgument {
        guard value.arrayValue != nil else { return .constant(value) }
        if let array = ConstantArray(value, type: type) { return .array(array) }
        // Texts, and lists that are too long or uneven: whoever needs them says so.
        return .constant(value)
    }

    private static func list(
        _ values: [JSONValue], _ read: (JSONValue) throws(Problem) -> KerasArgument
    ) throws(Problem) -> [KerasArgument] {
        var result: [KerasArgument] = []
        for value in values { result.append(try read(value)) }
        return result
    }

    private static func check(_ depth: Int) throws(Problem) {
        guard depth < KerasModelReader.largestNesting else {
            throw Problem(.corrupt, "lists inside lists, deeper than any call's arguments")
        }
    }
}

extension JSONValue {
    /// Whether it may be a row of a table.
    fileprivate var isNumberOrList: Bool { doubleValue != nil || arrayValue != nil }
}
