import ArchitectureSpecs
import KerasFiles
import KerasGraphs
import KerasLayers
import ModelGraph
import Platform

/// Runs a Keras model's calls with values of our graph in place of tensors: each adds nodes to a graph.
///
/// It alone knows the layer classes; they see the builder only.
struct KerasInterpreter {
    private let registry: KerasLayerRegistry
    /// The graph as far as it is made.
    private(set) var builder: KerasGraphBuilder
    /// Calls that were run.
    private var stepCount = 0
    /// More calls than any model has: models that call models several times, level upon level, grow beyond all
    /// bounds in a small file.
    private static let largestStepCount = 1 << 18

    init(_ registry: KerasLayerRegistry, builder: KerasGraphBuilder) {
        self.registry = registry
        self.builder = builder
    }

    /// The graph of a whole model, and where its parameters are stored.
    mutating func graph(of model: KerasModel) throws(Problem) -> (graph: Graph, parameterSources: ParameterSources) {
        let inputs = try builder.inputs(of: model)
        let outputs = try run(model, path: [], inputs: inputs)
        return (try builder.graph(model, outputs), builder.parameterSources)
    }

    /// Runs a model's calls in Keras's own order.
    ///
    /// - Parameters:
    ///   - path: Names of the models around it, its own included; empty for the outermost one.
    ///   - inputs: One a result of the model's input layers.
    ///   - leadingAxes: Axes that the model's layers do not see.
    /// - Returns: The model's results.
    private mutating func run(
        _ model: KerasModel, path: LayerPath, inputs: [KerasValue], leadingAxes: Int = 0
    ) throws(Problem) -> [KerasValue] {
        var results = try CallResults(model, label: path.isEmpty ? model.name.printable : path.text, inputs: inputs)
        for step in try KerasExecutionOrder(model).steps {
            let layer = model.layers[step.layer]
            guard !results.isComputed(layer.name, call: step.call) else { continue }
            stepCount += 1
            guard stepCount <= Self.largestStepCount, builder.nodes.count <= GraphLimit.nodes else {
                throw Problem(.corrupt, "\(results.label): more calls than any model has")
            }
            let call = layer.calls[step.call]
            var arguments: [KerasValue] = []
            for argument in call.arguments {
                arguments.append(try results.value(of: argument).unmasked(builder.unmasked))
            }
            var keywords: [String: KerasValue] = [:]
            for (name, argument) in call.keywords {
                keywords[name] = try results.value(of: argument).unmasked(builder.unmasked)
            }
            let layerPath = path + [layer.name]
            let values = try apply(
                LayerCall(
                    layer: layer, path: layerPath, node: layerPath.joined(separator: "/"), arguments: arguments,
                    keywords: keywords, generation: builder.generation, leadingAxes: leadingAxes))
            results.add(values, of: layer.name, call: step.call)
        }
        var outputs: [KerasValue] = []
        for output in model.outputs { outputs.append(try results.value(of: output.source)) }
        return outputs
    }

    fileprivate mutating func apply(_ call: LayerCall) throws(Problem) -> [KerasValue] {
        // Keras 2 keeps to what a call says; Keras 3 tells every layer anew whether the model trains.
        if call.generation == .keras2, call.keywords["training"]?.constant?.boolValue == true {
            throw call.unsupported(
                "is called as if it trained, also when the model does not: its results are not fixed")
        }
        if let inner = call.layer.inner {
            return try run(
                inner, path: call.path, inputs: call.inputs(of: inner), leadingAxes: call.leadingAxes)
        }
        if let type = registry.layerClass(of: call.layer) {
            if let options = type.options { try call.refuseKeys(beside: options) }
            if type is TimeDistributedLayer.Type, let inner = try TimeDistributedLayer.inner(of: call) {
                return try applied(inner, for: call)
            }
            guard call.leadingAxes == 0 || type.acceptsLeadingAxes else {
                throw call.unsupported("such a layer inside TimeDistributed")
            }
            var call = type.takesMaps ? call : try call.withMapTensors(in: &builder)
            if !type.takesConstants { call = try call.withTensors(in: &builder) }
            return try type.apply(call, in: &builder)
        }
        if registry.isFamily(call.layer) {
            guard call.leadingAxes == 0 else { throw call.unsupported("such a layer inside TimeDistributed") }
            return try FamilyLayer.apply(call, in: &builder)
        }
        guard let custom = registry.customLayer(of: call.layer) else {
            throw call.unsupported("the layer is not known")
        }
        guard call.leadingAxes == 0 else { throw call.unsupported("such a layer inside TimeDistributed") }
        let inner = try custom.model(for: call, builder.variables)
        var values = try run(inner.model, path: call.path, inputs: inner.inputs)
        // A layer written by a user hands no mask on unless it says so.
        let mask = inner.handsMaskOn ? values.popLast()?.tensor?.mask : nil
        values = values.map(\.withoutMask)
        if let mask, case .tensor(var first)? = values.first {
            first.mask = mask
            values[0] = .tensor(first)
        }
        return values
    }
}

extension KerasInterpreter {
    /// The results of a layer that is applied at each place of an axis: the mask along that axis goes on.
    private mutating func applied(_ inner: LayerCall, for call: LayerCall) throws(Problem) -> [KerasValue] {
        let input = try call.input()
        return try apply(inner).map { value in
            guard case .tensor(var result) = value else { return value }
            result.mask = result.axes.first == input.axes.first && result.rows == input.rows ? input.mask : nil
            return .tensor(result)
        }
    }
}

/// What the layers of one model gave so far.
private struct CallResults {
    /// The model, for messages.
    let label: String
    /// By the layer's name and the number of its call, from 0.
    private var values: [String: [Int: [KerasValue]]] = [:]
    private let firstCalls: [String: Int]

    init(_ model: KerasModel, label: String, inputs: [KerasValue]) throws(Problem) {
        guard inputs.count == model.inputs.count else {
            throw Problem(.corrupt, "\(label): is called with \(inputs.count) inputs and has \(model.inputs.count)")
        }
        self.label = label
        firstCalls = Dictionary(
            model.layers.map { ($0.name, $0.firstCall) }, uniquingKeysWith: { first, _ in first })
        for (reference, value) in zip(model.inputs, inputs) { add([value], of: reference.layer, call: 0) }
    }

    func isComputed(_ layer: String, call: Int) -> Bool { values[layer]?[call] != nil }

    mutating func add(_ results: [KerasValue], of layer: String, call: Int) {
        values[layer, default: [:]][call] = results
    }

    /// The result that a reference leads to.
    func value(of reference: KerasReference) throws(Problem) -> KerasValue {
        guard let results = values[reference.layer]?[reference.call - (firstCalls[reference.layer] ?? 0)] else {
            throw Problem(.corrupt, "\(label): \"\(reference.layer.printable)\" is read before it is computed")
        }
        guard results.indices.contains(reference.result) else {
            let result = "result \(reference.result) of \"\(reference.layer.printable)\""
            throw Problem(.unsupported, "\(label): \(result) is read, which is not followed")
        }
        return results[reference.result]
    }

    /// The argument with every reference replaced by its value.
    func value(of argument: KerasArgument) throws(Problem) -> KerasValue {
        switch argument {
        case .reference(let reference): return try value(of: reference)
        case .list(let elements):
            var values: [KerasValue] = []
            for element in elements { values.append(try value(of: element)) }
            return .list(values)
        case .slice(let start, let stop, let step):
            return .slice(start: try value(of: start), stop: try value(of: stop), step: try value(of: step))
        case .named(let members):
            var values: [String: KerasValue] = [:]
            for (name, member) in members { values[name] = try value(of: member) }
            return .named(values)
        case .ellipsis: return .ellipsis
        case .constant(let value): return .constant(value)
        case .array(let array): return .array(array)
        }
    }
}

extension LayerCall {
    /// What the input layers of a nested model are given: by name where the caller names values, else in order.
    fileprivate func inputs(of model: KerasModel) -> [KerasValue] {
        if arguments.count == 1, case .named(let members) = arguments[0] {
            let named = model.inputs.compactMap { members[$0.layer] }
            if named.count == model.inputs.count { return named }
        }
        return arguments.flatMap(\.elements)
    }
}
