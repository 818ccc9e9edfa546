import ArchitectureSpecs
import JSON
import ModelGraph
import Platform
import Tensors

/// The graph of a functional or sequential Keras model, made from its own configuration and its stored variables.
package struct KerasGraph: Sendable {
    /// How the variables are found.
    package enum Weights: Sendable {
        case listed(ListedWeights)
        case objects(ObjectWeights)
    }

    package let graph: Graph
    package let places: TensorPlaces

    /// - Parameters:
    ///   - document: `config.json`, or attribute `model_config`.
    ///   - classes: Layer classes that are understood.
    ///   - path: The file, for messages.
    package init(
        _ document: JSONValue, generation: KerasGeneration, weights: Weights, classes: KerasLayerClasses, path: String
    ) throws(FileError) {
        func alone<R>(_ body: () throws(Problem) -> R) throws(FileError) -> R {
            do throws(Problem) { return try body() } catch { throw FileError([error], path: path) }
        }
        let model = try alone { () throws(Problem) in try KerasModelReader.model(document, generation: generation) }
        let unknowns = classes.unknowns(in: model)
        guard unknowns.isEmpty else {
            throw FileError(
                unknowns, path: path,
                remedy: "docs/keras-models.md lists what is understood, and how a layer of your own is described")
        }
        let (variables, problems) =
            switch weights {
            case .listed(let listed): listed.assign(to: model, classes)
            case .objects(let objects): objects.assign(to: model, classes)
            }
        guard problems.isEmpty else { throw FileError(problems, path: path) }
        (graph, places) = try alone { () throws(Problem) in
            var assembly = KerasAssembly(generation: generation, classes: classes, variables: variables)
            let inputs = try assembly.inputs(of: model)
            let outputs = try assembly.run(model, path: [], inputs: inputs)
            return (try assembly.graph(model, outputs), assembly.places)
        }
    }
}

extension KerasAssembly {
    /// The model's input layers as inputs of the graph.
    mutating func inputs(of model: KerasModel) throws(Problem) -> [KerasValue] {
        var values: [KerasValue] = []
        for reference in model.inputs {
            guard let layer = model.layer(named: reference.layer), layer.className == "InputLayer" else {
                throw Problem(.corrupt, "\"\(reference.layer.printable)\" is an input and no input layer")
            }
            values.append(.tensor(try input(layer)))
        }
        return values
    }

    private mutating func input(_ layer: KerasLayer) throws(Problem) -> LayerValue {
        let place = "\(layer.name.printable) (InputLayer)"
        let shape = layer.config["batch_input_shape"] ?? layer.config["batch_shape"] ?? .null
        guard let extents = shape.arrayValue, !extents.isEmpty else {
            throw Problem(.unsupported, "\(place): its shape is not in the configuration")
        }
        var sizes: [Int?] = []
        for extent in extents.dropFirst() {
            guard extent.isNull || (1...GraphLimit.extent).contains(extent.intValue ?? 0) else {
                throw Problem(.corrupt, "\(place): has shape \(shape.shortDescription)")
            }
            sizes.append(extent.intValue)
        }
        let type = layer.config["dtype"]?.stringValue ?? "float32"
        let isInteger = type.hasPrefix("int") || type.hasPrefix("uint") || type == "bool"
        // The names of our own axes mean something else.
        let axis = RowSpace.Axis(["tokens", "sequences"].contains(layer.name) ? layer.name + "_rows" : layer.name)
        let name = layer.name
        var value: LayerValue
        switch (sizes.count, isInteger) {
        case (0, _): value = LayerValue(name: name, axes: [], rows: .sequences, width: 1)
        case (1, false) where sizes[0] != nil:
            value = LayerValue(name: name, axes: [.width], rows: .sequences, width: sizes[0] ?? 1)
        case (1, _):
            let rows = sizes[0].map(RowSpace.count) ?? .axis(axis)
            value = LayerValue(name: name, axes: [.rows(sizes[0])], rows: rows, width: 1)
        case (2, _):
            if sizes[0] == 1, let width = sizes[1] {
                value = LayerValue(name: name, axes: [.one, .width], rows: .sequences, width: width)
            } else {
                let rows = sizes[0].map(RowSpace.count) ?? .axis(axis)
                // Without a width it can only be a mask of pairs.
                value = LayerValue(name: name, axes: [.rows(sizes[0]), .width], rows: rows, width: sizes[1] ?? 1)
            }
        default:
            let known = sizes.compactMap { $0 }
            let places = known.dropLast().reduce(1) { $0.multipliedReportingOverflow(by: $1).overflow ? 0 : $0 * $1 }
            guard known.count == sizes.count, places > 0, places <= GraphLimit.extent, let width = known.last else {
                throw Problem(.unsupported, "\(place): has shape \(shape.shortDescription)")
            }
            value = LayerValue(
                name: name, axes: known.dropLast().map { .rows($0) } + [.width], rows: .count(places), width: width)
            addInput(name, InputLayout(rows: value.rows, width: width, grid: Array(known.dropLast())))
            value.isInteger = isInteger
            return value
        }
        value.isInteger = isInteger
        addInput(name, InputLayout(rows: value.rows, width: value.width))
        return value
    }

    /// The finished graph.
    mutating func graph(_ model: KerasModel, _ outputs: [KerasValue]) throws(Problem) -> Graph {
        var results: [Graph.Output] = []
        for (output, value) in zip(model.outputs, outputs) {
            let place = "output \"\((output.name ?? output.source.layer).printable)\""
            guard let tensor = value.tensor else {
                throw Problem(.unsupported, "\(place) is no tensor that is followed")
            }
            var result = tensor.name
            if inputs.contains(result) {
                // An input that comes out as it is: only nodes are handed out.
                result = unusedName("output")
                nodes.append(
                    Node(name: result, operation: .affine(Affine(width: tensor.width)), inputs: [tensor.name]))
            }
            var name = "output"
            if let key = output.name {
                name += ".\(key)"
            } else if outputs.count > 1 {
                name += ".\(output.source.layer)"
                if results.contains(where: { $0.name == name }) { name += ".\(results.count)" }
            }
            results.append(
                .init(name: name.soundNodeName, value: result, isSqueezed: tensor.isColumn && tensor.width == 1))
        }
        var graph = Graph(
            inputs: inputs, inputLayouts: resolvedLayouts, nodes: nodes, outputs: results, hiddenStates: [])
        let shapes: [String: ValueShape]
        do throws(GraphError) {
            shapes = try graph.inferShapes()
        } catch {
            throw Problem(.corrupt, error.problems.map(\.description).joined(separator: "; "))
        }
        graph.hiddenStates = graph.streams(shapes)
        graph.use = graph.likelyUse(shapes)
        return graph
    }

    /// Where the graph's parameters are stored.
    var places: TensorPlaces {
        var result = TensorPlaces(places: [:])
        for (path, source) in sources {
            switch source {
            case .stored(let tensor):
                result.places[path] = .init(names: [tensor.name], layout: TensorLayout(.reshape))
            case .computed(let computation): result.places[path] = .init(computation)
            }
        }
        if !spared.isEmpty {
            result.ignored.append(.init(names: spared.sorted(), reason: "results do not depend on it"))
        }
        return result
    }
}

extension Graph {
    /// The residual stream where each attention starts, and where it ends: what `hidden_states` are in other families.
    fileprivate func streams(_ shapes: [String: ValueShape]) -> [String] {
        let byName = Dictionary(nodes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        guard let first = attentionNodes.first, let shape = shapes[first.name] else { return [] }
        var result: [String] = []
        for node in attentionNodes where shapes[node.name] == shape {
            guard var start = node.inputs.first else { continue }
            // A norm or a rounding in front of attention belongs to the branch.
            while let before = byName[start], before.operation.isInBranch, let input = before.inputs.first {
                start = input
            }
            if shapes[start] == shape, !result.contains(start) { result.append(start) }
        }
        if let last = nodes.last(where: { shapes[$0.name] == shape }), !result.contains(last.name) {
            result.append(last.name)
        }
        return result
    }

    /// What the results look like.
    fileprivate func likelyUse(_ shapes: [String: ValueShape]) -> ModelUse {
        guard let output = outputs.first, let shape = shapes[output.value] else { return .encoder }
        let vocabulary = nodes.lazy.compactMap { node -> Int? in
            if case .embedding(let embedding) = node.operation { embedding.vocabulary } else { nil }
        }.first
        if shape.rows != .sequences { return shape.width == vocabulary ? .maskedLanguageModel : .encoder }
        let last = nodes.first { $0.name == output.value }?.operation
        switch last {
        case .linear, .softmax, .activation(.sigmoid): return .classifier
        default: return .encoder
        }
    }
}

extension Operation {
    /// Whether it stands between a residual stream and the attention that reads it.
    fileprivate var isInBranch: Bool {
        switch self {
        case .norm, .round: true
        default: false
        }
    }
}
