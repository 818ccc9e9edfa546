import ArchitectureSpecs
import KerasFiles
import ModelGraph
import Platform

extension KerasGraphBuilder {
    /// The finished graph.
    ///
    /// - Parameter outputs: The model's results.
    package mutating func graph(_ model: KerasModel, _ outputs: [KerasValue]) throws(Problem) -> Graph {
        var results: [Graph.Output] = []
        for (output, value) in zip(model.outputs, outputs) {
            let label = "output \"\((output.name ?? output.source.layer).printable)\""
            let maps = value.tensor == nil ? try mapsResult(value, label) : nil
            guard let tensor = value.tensor ?? maps else {
                throw Problem(.unsupported, "\(label) is no tensor that is followed")
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
            let isSqueezed = tensor.isColumn && tensor.width == 1
            results.append(
                .init(
                    name: name.soundNodeName, value: result, isSqueezed: isSqueezed,
                    extents: otherExtents(of: tensor, isSqueezed: isSqueezed)))
        }
        removeUnread(results.map(\.value))
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

    /// Maps that are a result of the model.
    private mutating func mapsResult(_ value: KerasValue, _ label: String) throws(Problem) -> LayerValue? {
        guard case .maps(let maps) = value else { return nil }
        return try tensor(of: maps, named: "output/maps", label: label)
    }

    /// Extents of a result's axes behind the batch; `nil` where they are its rows and its width.
    private func otherExtents(of tensor: LayerValue, isSqueezed: Bool) -> [Int?]? {
        let rows = resolved(tensor.rows)
        // An axis whose length turned out to be known.
        let framework: [Int?] = tensor.axes.map { axis in
            switch axis {
            case .rows(let count): count ?? (tensor.axes.filter(\.isRows).count == 1 ? rows.fixedCount : nil)
            case .width: tensor.width
            case .one: 1
            }
        }
        let own: [Int?] = (rows == .sequences ? [] : [rows.fixedCount]) + (isSqueezed ? [] : [tensor.width])
        return framework == own ? nil : framework
    }

    /// Where the graph's parameters are stored.
    package var parameterSources: ParameterSources {
        var result = ParameterSources()
        for (id, source) in sources {
            switch source {
            case .stored(let tensor):
                result.sources[id] = .init(names: [tensor.name], layout: TensorLayout(.reshape))
            case .computed(let computation): result.sources[id] = .init(computation)
            }
        }
        if !ignored.isEmpty {
            result.ignored.append(.init(names: ignored.sorted(), reason: "results do not depend on it"))
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
        if shape.rows != .sequences, shape.width == vocabulary { return .maskedLanguageModel }
        // Of several results those count that say what they are.
        let kinds = outputs.map { kind(of: $0.value, shapes) }
        return kinds.contains(.classes) ? .classifier : kinds.contains(.numbers) ? .numbers : .encoder
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
