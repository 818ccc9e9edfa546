import JSON
import ModelGraph
import Platform

/// Reads the description of a model from its configuration: Keras 2 and 3, functional and sequential, nested.
///
/// Nothing is trusted: sizes and depth are bounded, and every reference must lead to a layer of the same model.
package struct KerasModelReader {
    /// Models inside models.
    package static let largestDepth = 32
    /// Layers of a model, those of models inside it included.
    package static let largestLayerCount = 100_000
    /// Calls of all layers.
    package static let largestCallCount = 1 << 20
    /// Lists inside lists in a call's arguments.
    package static let largestNesting = 16

    package let generation: KerasGeneration
    private var layerCount = 0
    private var callCount = 0

    private init(_ generation: KerasGeneration) { self.generation = generation }

    /// The model that a configuration describes: the whole of `config.json`, or of attribute `model_config`.
    ///
    /// - Throws: `corrupt` for what contradicts itself, `unsupported` for a model that is written in code only.
    package static func model(_ document: JSONValue, generation: KerasGeneration) throws(Problem) -> KerasModel {
        var reader = KerasModelReader(generation)
        guard let className = document["class_name"]?.stringValue else {
            throw Problem(.corrupt, "the model's configuration has no \"class_name\"")
        }
        guard isModel(className, document) else {
            throw Problem(
                .unsupported,
                "\(className.printable) is a model written in code: its configuration does not say what it computes")
        }
        var model = try reader.model(document, path: document["config"]?["name"]?.stringValue ?? className, depth: 0)
        let release = (document["keras_version"]?.stringValue ?? "").split(separator: ".").prefix(2).map {
            Int($0) ?? 0
        }
        model.attentionLeavesMasks = release.count == 2 && release[0] == 3 && release[1] < 8
        return model
    }

    /// Whether a configuration is that of a model which lists its layers.
    package static func isModel(_ className: String, _ document: JSONValue) -> Bool {
        ["Functional", "Model", "Sequential"].contains(className)
            // A subclass of Model that was built from inputs and outputs lists them all the same.
            || document["config"]?["layers"]?.arrayValue != nil && document["config"]?["output_layers"] != nil
    }

    // MARK: Models

    private mutating func model(_ document: JSONValue, path: String, depth: Int) throws(Problem) -> KerasModel {
        guard depth < Self.largestDepth else {
            throw Problem(.corrupt, "\(path.printable): more than \(Self.largestDepth) models inside models")
        }
        guard let config = document["config"] else { throw Problem(.corrupt, "\(path.printable): has no \"config\"") }
        if document["class_name"]?.stringValue == "Sequential" {
            return try sequential(config, path: path, depth: depth)
        }
        let name = config["name"]?.stringValue ?? path
        var layers: [KerasLayer] = []
        for entry in try self.layers(config, path) { layers.append(try layer(entry, path: path, depth: depth)) }
        guard let inputs = config["input_layers"], let outputs = config["output_layers"] else {
            throw Problem(.corrupt, "\(path.printable): has no \"input_layers\" or \"output_layers\"")
        }
        let results = try self.results(outputs, path)
        return try checked(
            KerasModel(
                name: name, layers: numbered(layers, results), inputs: try self.results(inputs, path).map(\.source),
                outputs: results, isTrainable: config["trainable"]?.boolValue ?? true, generation: generation),
            path: path)
    }

    /// A chain of layers; its input layer may be left out of the configuration.
    private mutating func sequential(_ config: JSONValue, path: String, depth: Int) throws(Problem) -> KerasModel {
        var layers: [KerasLayer] = []
        for entry in try self.layers(config, path) {
            let read = try layer(entry, path: path, depth: depth)
            if layers.isEmpty, read.className != "InputLayer" {
                layers.append(inputLayer(before: read, config))
            }
            let call = layers.last.map {
                KerasCall(arguments: [.reference(.init(layer: $0.name, call: 0, result: 0))], keywords: [:])
            }
            layers.append(
                KerasLayer(
                    className: read.className, module: read.module, name: read.name, config: read.config,
                    calls: call.map { [$0] } ?? [], inner: read.inner, firstCall: 0, isForeign: read.isForeign,
                    wrapped: read.wrapped))
        }
        guard let first = layers.first, let last = layers.last else {
            throw Problem(.corrupt, "\(path.printable): has no layers")
        }
        return try checked(
            KerasModel(
                name: config["name"]?.stringValue ?? path, layers: layers,
                inputs: [KerasReference(layer: first.name, call: 0, result: 0)],
                outputs: [.init(name: nil, source: KerasReference(layer: last.name, call: 0, result: 0))],
                isTrainable: config["trainable"]?.boolValue ?? true, generation: generation),
            path: path)
    }

    private func inputLayer(before layer: KerasLayer, _ model: JSONValue) -> KerasLayer {
        // A model as the first layer brings its own.
        if let inner = layer.inner, let first = inner.inputs.first, let own = inner.layer(named: first.layer),
            inner.inputs.count == 1, own.className == "InputLayer"
        {
            return KerasLayer(
                className: "InputLayer", module: nil, name: "\(layer.name)_input", config: own.config, calls: [],
                inner: nil, firstCall: 0)
        }
        let shape =
            layer.config["batch_input_shape"] ?? layer.config["batch_shape"] ?? model["build_input_shape"]
            ?? model["batch_input_shape"] ?? .null
        let type = layer.className == "Embedding" ? "int32" : "float32"
        return KerasLayer(
            className: "InputLayer", module: nil, name: "\(layer.name)_input",
            config: .object(["batch_input_shape": shape, "dtype": .string(type)]), calls: [], inner: nil, firstCall: 0)
    }

    private mutating func layers(_ config: JSONValue, _ path: String) throws(Problem) -> [JSONValue] {
        guard let layers = config["layers"]?.arrayValue ?? config.arrayValue else {
            throw Problem(.corrupt, "\(path.printable): has no list of layers")
        }
        layerCount += layers.count
        guard layerCount <= Self.largestLayerCount else {
            throw Problem(.corrupt, "\(path.printable): more than \(Self.largestLayerCount) layers")
        }
        return layers
    }

    /// Nested models with the number of their first call: the one that built them is counted by some writers, and by
    /// some for some models only, so what is read tells.
    private func numbered(_ layers: [KerasLayer], _ outputs: [KerasModel.Output]) -> [KerasLayer] {
        guard layers.contains(where: { $0.inner != nil }) else { return layers }
        var read: [String: Set<Int>] = [:]
        for reference in outputs.map(\.source) + layers.flatMap({ $0.calls.flatMap(\.references) }) {
            read[reference.layer, default: []].insert(reference.call)
        }
        return layers.map { layer in
            guard layer.inner != nil, let calls = read[layer.name], let first = calls.min(), let last = calls.max()
            else {
                return layer
            }
            if first < layer.firstCall { return layer.counted(from: 0) }
            return last == layer.calls.count ? layer.counted(from: 1) : layer
        }
    }

    /// Checks that names are unique and references lead somewhere.
    private func checked(_ model: KerasModel, path: String) throws(Problem) -> KerasModel {
        var calls: [String: Range<Int>] = [:]
        for layer in model.layers {
            // An input layer counts as called once.
            let count = max(layer.calls.count, 1)
            guard calls.updateValue(layer.firstCall..<layer.firstCall + count, forKey: layer.name) == nil else {
                throw Problem(.corrupt, "\(path.printable): two layers are called \"\(layer.name.printable)\"")
            }
        }
        let all = model.inputs + model.outputs.map(\.source) + model.layers.flatMap { $0.calls.flatMap(\.references) }
        for reference in all where calls[reference.layer]?.contains(reference.call) != true {
            throw Problem(
                .corrupt,
                "\(path.printable): \"\(reference.layer.printable)\", call \(reference.call), is read and not there")
        }
        return model
    }

    // MARK: Layers

    private mutating func layer(_ entry: JSONValue, path: String, depth: Int) throws(Problem) -> KerasLayer {
        let config = entry["config"] ?? .null
        guard let className = entry["class_name"]?.stringValue,
            let name = entry["name"]?.stringValue ?? config["name"]?.stringValue
        else { throw Problem(.corrupt, "\(path.printable): a layer without a class or a name") }
        let document =
            Self.isModel(className, entry)
            ? entry : try HubBackbone.document(className, module: entry["module"]?.stringValue, config)
        let inner = try document.map { document throws(Problem) in
            try model(document, path: "\(path)/\(name)", depth: depth + 1)
        }
        var calls: [KerasCall] = []
        for node in entry["inbound_nodes"]?.arrayValue ?? [] {
            callCount += 1
            guard callCount <= Self.largestCallCount else {
                throw Problem(.corrupt, "\(path.printable): more than \(Self.largestCallCount) calls")
            }
            guard let call = try KerasCall(node) else {
                throw Problem(.corrupt, "\(path.printable)/\(name.printable): a call that makes no sense")
            }
            calls.append(call)
        }
        // Keras 2 had called a nested model once when it was built; not so a chain without an input layer of its own.
        let wasCalled =
            generation == .keras2 && config["layers"]?.arrayValue?.first?["class_name"] == .string("InputLayer")
        return KerasLayer(
            className: className, module: entry["module"]?.stringValue, name: name, config: config, calls: calls,
            inner: inner, firstCall: inner != nil && wasCalled ? 1 : 0,
            isForeign: KerasLayer.isForeign(className, module: entry["module"], config: config),
            wrapped: try wrapped(className, config, path: "\(path)/\(name)", depth: depth))
    }

    /// Layers that a wrapper's configuration holds.
    private mutating func wrapped(
        _ className: String, _ config: JSONValue, path: String, depth: Int
    ) throws(Problem) -> [String: KerasLayer] {
        guard KerasLayer.wrapperNames.contains(className) else { return [:] }
        guard depth < Self.largestDepth else {
            throw Problem(.corrupt, "\(path.printable): more than \(Self.largestDepth) layers inside layers")
        }
        var result: [String: KerasLayer] = [:]
        for key in KerasLayer.wrappedKeys {
            guard let entry = config[key], entry["class_name"] != nil else { continue }
            layerCount += 1
            guard layerCount <= Self.largestLayerCount else {
                throw Problem(.corrupt, "\(path.printable): more than \(Self.largestLayerCount) layers")
            }
            result[key] = try layer(entry, path: path, depth: depth + 1)
        }
        return result
    }

    /// `input_layers` and `output_layers`: one reference, a list of them, or an object by name.
    private func results(_ value: JSONValue, _ path: String) throws(Problem) -> [KerasModel.Output] {
        if let single = KerasReference(value) { return [.init(name: nil, source: single)] }
        let named: [(String?, JSONValue)]
        if let members = value.objectValue {
            named = members.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        } else {
            named = (value.arrayValue ?? []).map { (nil, $0) }
        }
        var result: [KerasModel.Output] = []
        for (name, element) in named {
            guard let reference = KerasReference(element) else {
                throw Problem(.corrupt, "\(path.printable): an input or output that makes no sense")
            }
            result.append(.init(name: name, source: reference))
        }
        guard !result.isEmpty else { throw Problem(.corrupt, "\(path.printable): has no inputs or no outputs") }
        return result
    }
}
