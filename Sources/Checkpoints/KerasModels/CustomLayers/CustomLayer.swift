import ModelGraph

/// What a layer class that a user wrote is made of: known layers, variables of its own, and the calls between them.
///
/// A JSON document (`docs/keras-models.md`, `schemas/keras-layer.schema.json`).
package struct CustomLayer: Sendable, Hashable, Codable {
    /// A number that parts are configured by.
    package struct Setting: Sendable, Hashable, Codable {
        package var name: String
        /// Keys of the layer's configuration, to be tried in order.
        package var keys: [String]?
        /// An extent of a stored variable: what is stored is true whatever the configuration says.
        package var extent: Extent?
        package var `default`: Double?
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
    package struct Part: Sendable, Hashable, Codable {
        /// Name of the attribute that holds it.
        package var name: String
        /// Other names that the attribute goes by.
        package var alternatives: [String]?
        package var `class`: String
        /// Its configuration.
        package var config: JSONValue?
        /// Numbers of its configuration, by expressions over the settings.
        package var dimensions: [String: Expression]?
        /// The layers of a chain (`Sequential`).
        package var parts: [Part]?
    }

    /// A step of what the layer computes.
    package struct Call: Sendable, Hashable, Codable {
        /// Name of the result.
        package var value: String
        /// The part or variable that is called.
        package var part: String?
        /// A layer class without weights, or a function of the framework, that is called.
        package var operation: String?
        /// Names of values, one an argument.
        package var arguments: [String]
        /// Constants handed in by name.
        package var constants: [String: JSONValue]?
        /// Configuration of an operation.
        package var config: JSONValue?
        /// Whether the operation takes all values as one list.
        package var isList: Bool?
    }

    package var name: String
    package var title: String
    /// Class names that it goes by.
    package var classes: [String]
    package var settings: [Setting]
    /// Variables that the layer owns itself, in the order in which it creates them.
    package var variables: [String]?
    /// In the order in which the layer creates them.
    package var parts: [Part]
    /// Names of the values that it is called with.
    package var inputs: [String]
    package var calls: [Call]
    /// Name of the value that it gives.
    package var output: String

    /// Whether a layer is of this class.
    func describes(_ layer: KerasLayer) -> Bool { classes.contains(layer.className) }
}

extension CustomLayer {
    /// The layers and calls of one layer of this class, its numbers left out: enough to tell its variables.
    func model(for layer: KerasLayer) -> KerasModel { model(for: layer, Settings()) }

    /// The layers and calls of one layer of this class.
    func model(for call: LayerCall, _ variables: LayerVariables) throws(Problem) -> KerasModel {
        let settings = try settings(of: call, variables)
        for part in allParts {
            for (key, expression) in part.dimensions ?? [:] {
                do throws(Expression.Failure) {
                    _ = try expression.number(in: settings)
                } catch {
                    throw call.corrupt("\(part.name), \(key): \(error.message)")
                }
            }
        }
        return model(for: call.layer, settings)
    }

    private var allParts: [Part] { parts.flatMap { [$0] + ($0.parts ?? []) } }

    private func settings(of call: LayerCall, _ variables: LayerVariables) throws(Problem) -> Settings {
        var result = Settings()
        for setting in settings {
            if let extent = setting.extent, let value = extent.value(in: variables, of: call.path) {
                result = result.setting(setting.name, to: .integer(value))
                continue
            }
            let found = (setting.keys ?? []).lazy.compactMap { call.config[$0]?.doubleValue }.first ?? setting.default
            guard let found else {
                throw call.corrupt("\"\(setting.keys?.first ?? setting.name)\" is missing from its configuration")
            }
            result = result.setting(setting.name, to: Int(exactly: found).map { .integer($0) } ?? .number(found))
        }
        return result
    }

    private func model(for layer: KerasLayer, _ settings: Settings) -> KerasModel {
        // Calls of one part are counted in the order in which they stand.
        var counts: [String: Int] = [:]
        var producers: [String: KerasReference] = [:]
        for input in inputs { producers[input] = KerasReference(layer: input, call: 0, result: 0) }
        var calls: [String: [KerasCall]] = [:]
        var operations: [KerasLayer] = []
        for call in self.calls {
            let name = call.part ?? call.value
            producers[call.value] = KerasReference(layer: name, call: counts[name, default: 0], result: 0)
            counts[name, default: 0] += 1
            let values = call.arguments.compactMap { producers[$0] }.map(KerasArgument.reference)
            let made = KerasCall(
                arguments: call.isList ?? false ? [.list(values)] : values,
                keywords: (call.constants ?? [:]).mapValues(KerasArgument.constant))
            calls[name, default: []].append(made)
            if let operation = call.operation { operations.append(self.layer(operation, named: name, call, made)) }
        }
        let inputLayers = inputs.map { name in
            KerasLayer(
                className: "InputLayer", module: nil, name: name, config: .object([:]), calls: [], inner: nil,
                firstCall: 0)
        }
        let own = (variables ?? []).enumerated().map { number, name in
            KerasLayer(
                className: VariableLayer.className, module: nil, name: name,
                config: .object(["number": .integer(number)]), calls: calls[name] ?? [], inner: nil, firstCall: 0)
        }
        let layers = parts.map { $0.layer(settings, calls: calls[$0.name] ?? [], isTrainable: layer.isTrainable) }
        return KerasModel(
            name: layer.name, layers: inputLayers + own + layers + operations,
            inputs: inputs.map { KerasReference(layer: $0, call: 0, result: 0) },
            outputs: producers[output].map { [KerasModel.Output(name: nil, source: $0)] } ?? [],
            isTrainable: layer.isTrainable, generation: .keras3)
    }

    /// A step that is no part: a layer class by its name, or else one of the framework's functions.
    private func layer(_ operation: String, named name: String, _ call: Call, _ made: KerasCall) -> KerasLayer {
        let isClass = operation.first?.isUppercase ?? false
        let config = isClass ? call.config ?? .object([:]) : .object(["function": .string(operation)])
        return KerasLayer(
            className: isClass ? operation : "TFOpLambda", module: nil, name: name, config: config, calls: [made],
            inner: nil, firstCall: 0)
    }
}

extension CustomLayer.Part {
    fileprivate func layer(_ settings: Settings, calls: [KerasCall], isTrainable: Bool) -> KerasLayer {
        var members = config?.objectValue ?? [:]
        for (key, expression) in dimensions ?? [:] {
            // Numbers that are not known yet are left out: what a layer owns does not depend on them.
            if let value = try? expression.integer(in: settings) {
                members[key] = .integer(value)
            } else if let value = try? expression.number(in: settings) {
                members[key] = .number(value)
            }
        }
        members["trainable"] = .bool(isTrainable)
        members[KerasLayer.attributesKey] = .array(([name] + (alternatives ?? [])).map { .string($0) })
        return KerasLayer(
            className: self.class, module: nil, name: name, config: .object(members), calls: calls,
            inner: parts.map { chain($0, settings, isTrainable: isTrainable) }, firstCall: 0)
    }

    /// Layers one after the other.
    private func chain(_ parts: [CustomLayer.Part], _ settings: Settings, isTrainable: Bool) -> KerasModel {
        let input = "input of \(name)"
        var layers = [
            KerasLayer(
                className: "InputLayer", module: nil, name: input, config: .object([:]), calls: [], inner: nil,
                firstCall: 0)
        ]
        var last = KerasReference(layer: input, call: 0, result: 0)
        for part in parts {
            let call = KerasCall(arguments: [.reference(last)], keywords: [:])
            layers.append(part.layer(settings, calls: [call], isTrainable: isTrainable))
            last = KerasReference(layer: part.name, call: 0, result: 0)
        }
        return KerasModel(
            name: name, layers: layers, inputs: [KerasReference(layer: input, call: 0, result: 0)],
            outputs: [.init(name: nil, source: last)], isTrainable: isTrainable, generation: .keras3)
    }
}

extension CustomLayer.Extent {
    func value(in variables: LayerVariables, of path: LayerPath) -> Int? {
        let owner = path + part.split(separator: "/").map(String.init)
        let tensors = variables.tensors(of: owner, object: object ?? "")
        let number = number ?? 0
        guard tensors.indices.contains(number) else { return nil }
        let extents = tensors[number].shape.extents
        let place = axis < 0 ? axis + extents.count : axis
        return extents.indices.contains(place) ? extents[place] : nil
    }
}
