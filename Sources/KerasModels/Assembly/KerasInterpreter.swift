import ArchitectureSpecs
import ModelGraph
import Platform

/// Runs a Keras model's calls with values of our graph in place of tensors: each adds nodes to a graph.
///
/// It alone knows the layer classes; they see the builder only.
struct KerasInterpreter {
    private let classes: KerasLayerClasses
    /// The graph as far as it is made.
    private(set) var builder: KerasGraphBuilder
    /// Calls that were run.
    private var stepCount = 0
    private static let largestStepCount = 1 << 18

    init(_ classes: KerasLayerClasses, builder: KerasGraphBuilder) {
        self.classes = classes
        self.builder = builder
    }

    /// The graph of a whole model, and where its parameters are stored.
    mutating func graph(of model: KerasModel) throws(Problem) -> (graph: Graph, places: TensorPlaces) {
        let inputs = try builder.inputs(of: model)
        let outputs = try run(model, path: [], inputs: inputs)
        return (try builder.graph(model, outputs), builder.places)
    }

    /// Runs a model's calls in Keras's own order.
    ///
    /// - Parameters:
    ///   - path: Names of the models around it, its own included; empty for the outermost one.
    ///   - inputs: One a result of the model's input layers.
    /// - Returns: The model's results.
    private mutating func run(
        _ model: KerasModel, path: LayerPath, inputs: [KerasValue]
    ) throws(Problem) -> [KerasValue] {
        let place = path.isEmpty ? model.name.printable : path.text
        guard inputs.count == model.inputs.count else {
            throw Problem(.corrupt, "\(place): is called with \(inputs.count) inputs and has \(model.inputs.count)")
        }
        var results: [String: [Int: [KerasValue]]] = [:]
        for (reference, value) in zip(model.inputs, inputs) { results[reference.layer, default: [:]][0] = [value] }
        let firstCalls = Dictionary(
            model.layers.map { ($0.name, $0.firstCall) }, uniquingKeysWith: { first, _ in first })
        func value(_ reference: KerasReference) throws(Problem) -> KerasValue {
            guard let given = results[reference.layer]?[reference.call - (firstCalls[reference.layer] ?? 0)] else {
                throw Problem(.corrupt, "\(place): \"\(reference.layer.printable)\" is read before it is computed")
            }
            guard given.indices.contains(reference.result) else {
                let message =
                    "result \(reference.result) of \"\(reference.layer.printable)\" is read, which is not followed"
                throw Problem(.unsupported, "\(place): \(message)")
            }
            return given[reference.result]
        }
        for step in try KerasExecutionOrder(model).steps {
            let layer = model.layers[step.layer]
            guard results[layer.name]?[step.call] == nil else { continue }
            try countStep(in: place)
            let call = layer.calls[step.call]
            var arguments: [KerasValue] = []
            for argument in call.arguments { arguments.append(try argument.value(value)) }
            var keywords: [String: KerasValue] = [:]
            for (name, argument) in call.keywords { keywords[name] = try argument.value(value) }
            let layerPath = path + [layer.name]
            results[layer.name, default: [:]][step.call] = try apply(
                LayerCall(
                    layer: layer, path: layerPath, node: layerPath.joined(separator: "/"), arguments: arguments,
                    keywords: keywords, generation: builder.generation))
        }
        var outputs: [KerasValue] = []
        for output in model.outputs { outputs.append(try value(output.source)) }
        return outputs
    }

    /// Models that call models several times, level upon level, grow beyond all bounds in a small file.
    private mutating func countStep(in place: String) throws(Problem) {
        stepCount += 1
        guard stepCount <= Self.largestStepCount, builder.nodes.count <= GraphLimit.nodes else {
            throw Problem(.corrupt, "\(place): more calls than any model has")
        }
    }

    private mutating func apply(_ call: LayerCall) throws(Problem) -> [KerasValue] {
        if let inner = call.layer.inner { return try run(inner, path: call.path, inputs: call.inputs(of: inner)) }
        if let type = classes.type(of: call.layer) { return try type.apply(call, in: &builder) }
        guard let spec = classes.spec(of: call.layer) else { throw call.unsupported("the layer is not known") }
        let inner = try spec.model(for: call, builder.variables)
        // A layer written by a user hands no mask on unless it says so.
        return try run(inner.model, path: call.path, inputs: inner.inputs).map(\.withoutMask)
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

extension KerasArgument {
    /// The argument with every reference replaced by its value.
    func value(_ resolve: (KerasReference) throws(Problem) -> KerasValue) throws(Problem) -> KerasValue {
        switch self {
        case .reference(let reference): return try resolve(reference)
        case .list(let elements):
            var values: [KerasValue] = []
            for element in elements { values.append(try element.value(resolve)) }
            return .list(values)
        case .slice(let start, let stop, let step):
            return .slice(
                start: try start.value(resolve), stop: try stop.value(resolve), step: try step.value(resolve))
        case .named(let members):
            var values: [String: KerasValue] = [:]
            for (name, member) in members { values[name] = try member.value(resolve) }
            return .named(values)
        case .ellipsis: return .ellipsis
        case .constant(let value): return .constant(value)
        }
    }
}

extension KerasValue {
    /// The argument, or what it lists.
    var elements: [KerasValue] {
        switch self {
        case .list(let elements): elements.flatMap(\.elements)
        case .named(let members): members.sorted { $0.key < $1.key }.flatMap(\.value.elements)
        default: [self]
        }
    }

    fileprivate var withoutMask: KerasValue {
        guard case .tensor(var value) = self else { return self }
        value.mask = nil
        return .tensor(value)
    }
}
