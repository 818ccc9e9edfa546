import ArchitectureSpecs
import JSON
import KerasFiles
import KerasGraphs
import ModelGraph
import Platform

extension CustomLayer {
    /// The layers of one layer of this class, calls left out: enough to tell its variables.
    func model(for layer: KerasLayer) throws(Problem) -> KerasModel {
        var expansion = Expansion(self, layer, try settings(of: layer), isMeasured: false)
        return try expansion.located { (expansion) throws(Expression.Failure) in try expansion.model(isCalled: false) }
    }

    /// The layers and calls of one call, and what its inputs are given.
    func model(
        for call: LayerCall, _ variables: LayerVariables
    ) throws(Problem) -> (model: KerasModel, inputs: [KerasValue], handsMaskOn: Bool) {
        let given = try inputs.values(of: call)
        var settings = try settings(of: call, variables)
        for (name, value) in given { settings = settings.setting(Self.givenFlag(name), to: .flag(!value.isNone)) }
        var expansion = Expansion(self, call.layer, settings, isMeasured: true)
        let model = try expansion.located { (expansion) throws(Expression.Failure) in
            try expansion.model(isCalled: true)
        }
        let handsMaskOn = try expansion.located { (expansion) throws(Expression.Failure) in
            try expansion.maskSource() != nil
        }
        return (model, given.map(\.value), handsMaskOn)
    }
}

extension CustomLayer.Inputs {
    /// What each input is given, nothing where it is not given: by position, then by name.
    fileprivate func values(of call: LayerCall) throws(Problem) -> [(name: String, value: KerasValue)] {
        var named = call.keywords
        var positional: [KerasValue] = []
        for argument in call.arguments {
            if case .named(let members) = argument {
                named.merge(members) { $1 }
            } else {
                positional += argument.elements
            }
        }
        // Other names for what stands at the next places.
        let others = named.filter { entry in
            entry.value.tensor != nil && !names.contains(entry.key) && !entry.key.contains("mask")
        }
        positional += others.sorted { $0.key < $1.key }.map(\.value)
        let count = positional.count + names.count { named[$0].map { !$0.isNone } ?? false }
        let signature =
            signatures.first { $0.count == count } ?? signatures.first { $0.count >= positional.count } ?? []
        guard positional.count <= signature.count else {
            throw call.unsupported("is called with \(positional.count) values")
        }
        for (name, value) in zip(signature, positional) { named[name] = value }
        return names.map { ($0, named[$0] ?? .none) }
    }
}

/// Makes the model that a custom layer stands for.
private struct Expansion {
    private let spec: CustomLayer
    private let layer: KerasLayer
    private let settings: Settings
    /// Whether extents of variables are among the settings.
    private let isMeasured: Bool
    private var calls: [String: [KerasCall]] = [:]
    private var producers: [String: KerasReference] = [:]
    private var operations: [KerasLayer] = []
    /// Names of layers that are taken.
    private var names: Set<String> = []

    init(_ spec: CustomLayer, _ layer: KerasLayer, _ settings: Settings, isMeasured: Bool) {
        self.spec = spec
        self.layer = layer
        self.settings = settings
        self.isMeasured = isMeasured
    }

    /// Says which layer it was where something makes no sense.
    mutating func located<R>(_ body: (inout Self) throws(Expression.Failure) -> R) throws(Problem) -> R {
        do throws(Expression.Failure) {
            return try body(&self)
        } catch {
            throw Problem(.corrupt, "\(layer.name.printable) (\(layer.className.printable)): \(error.message)")
        }
    }

    mutating func model(isCalled: Bool) throws(Expression.Failure) -> KerasModel {
        var parts: [(entry: CustomLayer.Part, settings: Settings)] = []
        for step in spec.parts { parts += try step.expanded(in: settings) }
        let inputs = spec.inputs.names
        names = Set(inputs + (spec.variables ?? []).map(\.name))
        for (part, settings) in parts {
            let name = try part.name.name(in: settings)
            guard names.insert(name).inserted else { throw Expression.Failure(message: "two parts are called \(name)") }
        }
        var outputs: [KerasModel.Output] = []
        if isCalled {
            for input in inputs { producers[input] = KerasReference(layer: input, call: 0, result: 0) }
            for step in spec.calls {
                for (call, settings) in try step.expanded(in: settings) { try add(call, settings) }
            }
            for step in spec.output.list {
                for (output, settings) in try step.expanded(in: settings) {
                    outputs.append(.init(name: nil, source: try producer(output.value, settings)))
                }
            }
            // One more than the layer gives: only its mask is looked at.
            if let source = try maskSource() { outputs.append(.init(name: nil, source: source)) }
        }
        let own = (spec.variables ?? []).enumerated().map { number, variable in
            VariableLayer.layer(variable, number: variable.number ?? number, calls: calls[variable.name] ?? [])
        }
        var layers = inputs.map(Self.inputLayer) + own
        for (part, settings) in parts { layers.append(try partLayer(part, settings)) }
        return KerasModel(
            name: layer.name, layers: layers + operations,
            inputs: inputs.map { KerasReference(layer: $0, call: 0, result: 0) }, outputs: outputs,
            isTrainable: layer.isTrainable, generation: .keras3)
    }

    /// The value whose mask the layer's result has; `nil`: the result has none.
    func maskSource() throws(Expression.Failure) -> KerasReference? {
        for output in spec.mask ?? [] where try output.when.holds(in: settings) {
            return try producer(output.value, settings)
        }
        return nil
    }

    // MARK: Calls

    private func producer(_ name: NameTemplate, _ settings: Settings) throws(Expression.Failure) -> KerasReference {
        let name = try name.name(in: settings)
        guard let found = producers[name] else { throw Expression.Failure(message: "\"\(name)\" is not computed") }
        return found
    }

    private mutating func add(_ call: CustomLayer.Call, _ settings: Settings) throws(Expression.Failure) {
        var values: [KerasArgument] = []
        for argument in call.arguments { values.append(.reference(try producer(argument, settings))) }
        var keywords = (call.constants ?? [:]).mapValues(KerasArgument.constant)
        for (name, value) in call.keywords ?? [:] { keywords[name] = .reference(try producer(value, settings)) }
        for (name, number) in call.numbers ?? [:] {
            keywords[name] = .constant(.integer(try number.integer(in: settings)))
        }
        for (name, setting) in call.words ?? [:] { keywords[name] = .constant(try settings.member(setting)) }
        let made = KerasCall(arguments: call.isList ?? false ? [.list(values)] : values, keywords: keywords)

        var results: [String] = []
        for value in call.value.list { results.append(try value.name(in: settings)) }
        let name: String
        if let part = call.part {
            name = try part.name(in: settings)
            guard names.contains(name) else { throw Expression.Failure(message: "there is no part \(name)") }
        } else {
            name = unusedName(results.first ?? "step")
            operations.append(operation(call, named: name, made))
        }
        for (number, result) in results.enumerated() {
            producers[result] = KerasReference(layer: name, call: calls[name]?.count ?? 0, result: number)
        }
        calls[name, default: []].append(made)
    }

    private mutating func unusedName(_ wanted: String) -> String {
        var name = wanted, number = 1
        while !names.insert(name).inserted {
            number += 1
            name = "\(wanted)_\(number)"
        }
        return name
    }

    /// A step that is no part: a layer class by its name, or else one of the framework's functions.
    private func operation(_ call: CustomLayer.Call, named name: String, _ made: KerasCall) -> KerasLayer {
        let function = call.operation ?? ""
        let isClass = function.first?.isUppercase ?? false
        let config = isClass ? call.config ?? .object([:]) : .object(["function": .string(function)])
        return KerasLayer(
            className: isClass ? function : "TFOpLambda", module: nil, name: name, config: config, calls: [made],
            inner: nil, firstCall: 0)
    }

    // MARK: Parts

    private static func inputLayer(_ name: String) -> KerasLayer {
        KerasLayer(
            className: "InputLayer", module: nil, name: name, config: .object([:]), calls: [], inner: nil,
            firstCall: 0)
    }

    private func partLayer(_ part: CustomLayer.Part, _ settings: Settings) throws(Expression.Failure) -> KerasLayer {
        let name = try part.name.name(in: settings)
        return try partLayer(part, named: name, settings, calls: calls[name] ?? [])
    }

    private func partLayer(
        _ part: CustomLayer.Part, named name: String, _ settings: Settings, calls: [KerasCall]
    ) throws(Expression.Failure) -> KerasLayer {
        var members = part.config?.objectValue ?? [:]
        for (key, option) in part.options ?? [:] { members[key] = option.value(in: layer.config) }
        for (key, expression) in part.dimensions ?? [:] {
            do throws(Expression.Failure) {
                members[key] = try expression.member(in: settings)
            } catch  where isMeasured {
                throw Expression.Failure(message: "\(name), \(key): \(error.message)")
            } catch {
                // Numbers that are not known yet are left out: what a layer owns does not depend on them.
            }
        }
        for (key, setting) in part.words ?? [:] { members[key] = try settings.member(setting) }
        members["trainable"] = .bool(layer.isTrainable)
        var attributes = [name]
        for alternative in part.alternatives ?? [] { attributes.append(try alternative.name(in: settings)) }
        // Stored shapes told where the part is: no other place counts.
        if spec.isByStructure { attributes.removeFirst() }
        members[KerasLayer.attributesKey] = .array(attributes.map { .string($0) })
        var inner: KerasModel?
        if let parts = part.parts { inner = try chain(parts, named: name, settings) }
        return KerasLayer(
            className: part.class, module: nil, name: name, config: .object(members), calls: calls, inner: inner,
            firstCall: 0)
    }

    /// Layers one after the other.
    private func chain(
        _ parts: [CustomLayer.Part], named name: String, _ settings: Settings
    ) throws(Expression.Failure) -> KerasModel {
        let input = "input of \(name)"
        var layers = [Self.inputLayer(input)]
        var last = KerasReference(layer: input, call: 0, result: 0)
        for part in parts where try part.when.holds(in: settings) {
            let call = KerasCall(arguments: [.reference(last)], keywords: [:])
            let name = try part.name.name(in: settings)
            layers.append(try partLayer(part, named: name, settings, calls: [call]))
            last = KerasReference(layer: name, call: 0, result: 0)
        }
        return KerasModel(
            name: name, layers: layers, inputs: [KerasReference(layer: input, call: 0, result: 0)],
            outputs: [.init(name: nil, source: last)], isTrainable: layer.isTrainable, generation: .keras3)
    }
}

extension CustomLayer.Option {
    /// - Returns: `nil` when nothing tells it.
    fileprivate func value(in config: JSONValue) -> JSONValue? {
        guard let found = config[key], !found.isNull else { return `default` }
        return found.stringValue.flatMap { values[$0] } ?? found
    }
}

extension Settings {
    /// A setting as an entry of a configuration.
    fileprivate func member(_ name: String) throws(Expression.Failure) -> JSONValue {
        guard let value = self[name] else { throw Expression.Failure(message: "\(name) is not set") }
        return value.member
    }
}

extension Expression {
    /// As an entry of a configuration.
    fileprivate func member(in settings: Settings) throws(Failure) -> JSONValue {
        if let integer = try? integer(in: settings) { return .integer(integer) }
        return .number(try number(in: settings))
    }
}
