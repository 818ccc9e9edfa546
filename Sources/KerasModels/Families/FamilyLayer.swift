import ArchitectureSpecs
import JSON
import KerasFiles
import KerasGraphs
import ModelGraph
import Platform
import Tensors
import WeightFiles

/// A whole model of Hugging Face's that is one layer of a Keras model: `TFBertModel` and its kin.
///
/// The layer's configuration is the model's own, and its variables have the model's own names: the family's graph
/// becomes part of the graph. Every row is computed, as the framework does it; the mask hides keys only.
enum FamilyLayer {
    private static let dialect = "hf-tf"

    /// Whether a layer is such a model.
    static func isFamily(_ layer: KerasLayer) -> Bool {
        layer.plainClassName.hasPrefix("TF") && layer.config["model_type"] != nil
            || layer.module?.hasPrefix("transformers.") == true
    }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let inputs = try Inputs(call)
        let catalog = Catalog(builder.variables.tensors(of: call.path))
        let family = try Family(call, catalog)
        return try family.embedded(call, inputs, catalog, in: &builder)
    }

    /// What the model is called with.
    private struct Inputs {
        let ids: LayerValue
        let types: LayerValue?
        let mask: LayerValue?

        init(_ call: LayerCall) throws(Problem) {
            var named = call.keywords
            var positional: [KerasValue] = []
            for argument in call.arguments {
                switch argument {
                case .named(let members): named.merge(members) { $1 }
                case .list(let elements): positional += elements
                default: positional.append(argument)
                }
            }
            for (name, value) in zip(["input_ids", "attention_mask"], positional) { named[name] = value }
            if positional.count > 2 {
                // DistilBERT has no token types: another input stands there.
                guard call.config["type_vocab_size"] != nil, positional.count == 3 else {
                    throw call.unsupported("is called with \(positional.count) values by position")
                }
                named["token_type_ids"] = positional[2]
            }
            for flag in ["output_attentions", "output_hidden_states"] {
                let isOn = named[flag]?.constant?.boolValue ?? call.flag(flag, default: false)
                if isOn { throw call.unsupported("\"\(flag)\" is true, which gives more results") }
            }
            let known: Set = ["input_ids", "attention_mask", "token_type_ids"]
            for (name, value) in named.sorted(by: { $0.key < $1.key })
            where !known.contains(name) && !value.tensors.isEmpty {
                throw call.unsupported("is called with \"\(name.printable)\"")
            }
            guard let ids = (named["input_ids"] ?? named["inputs"])?.tensor else {
                throw call.unsupported("is called without ids that are followed")
            }
            self.ids = ids
            types = named["token_type_ids"]?.tensor
            mask = named["attention_mask"]?.tensor
        }
    }

    /// The layer's variables by the names that all writers of the dialect have in common.
    private struct Catalog {
        let tensors: TensorCatalog
        private let stored: [String: StoredTensor]

        init(_ tensors: [StoredTensor]) {
            var renamed: [StoredTensor] = []
            var stored: [String: StoredTensor] = [:]
            for tensor in tensors {
                let name = tensor.name.familyName
                renamed.append(
                    StoredTensor(
                        name: name, file: tensor.file, path: tensor.path, dtype: tensor.dtype, shape: tensor.shape,
                        filters: tensor.filters, storedByteCount: tensor.storedByteCount
                    ) { () throws(FileError) in try tensor.read() })
                stored[name] = tensor
            }
            self.tensors = TensorCatalog(renamed)
            self.stored = stored
        }

        /// The file's own tensor, of the first name that is there.
        func tensor(_ names: [String]) -> StoredTensor? { names.lazy.compactMap { stored[$0] }.first }
    }

    /// The family's graph under the layer's configuration.
    private struct Family {
        let expanded: ExpandedGraph
        let sources: ParameterSources

        init(_ call: LayerCall, _ catalog: Catalog) throws(Problem) {
            do throws(FileError) {
                let library = try SpecLibrary.builtIn()
                let config = ModelConfiguration(call.config, vocabulary: "hf")
                let ranking = library.rank(config: config, tensors: catalog.tensors, dialect: FamilyLayer.dialect)
                let claim = "model_type is \"\(call.config["model_type"]?.stringValue?.printable ?? "?")\""
                let spec = try library.choose(ranking, claim: claim, path: call.label)
                guard let table = spec.table(for: FamilyLayer.dialect), spec.unsupported == nil else {
                    throw FileError(.unsupported, path: call.label, "\(spec.title): \(spec.unsupported ?? "no table")")
                }
                let resolver = SettingsResolver(
                    spec: spec, config: config, table: table, tensors: catalog.tensors, dialect: FamilyLayer.dialect)
                let settings: Settings
                switch resolver.resolution() {
                case .success(let resolved): settings = resolved.settings
                case .failure(let problems): throw FileError(problems.list, path: call.label)
                }
                if let error = try spec.ledger(of: config, settings, waived: [])?.error(path: call.label) {
                    throw error
                }
                do throws(Problem) { expanded = try SpecExpander.expand(spec, settings) } catch {
                    throw FileError([error], path: call.label)
                }
                let (sources, problems) = ParameterSources.make(table, for: expanded, settings)
                guard problems.isEmpty else { throw FileError(problems, path: call.label) }
                self.sources = sources
            } catch {
                throw Problem(error.kind, "\(call.label): \(error.problems.joined(separator: "; "))")
            }
        }

        /// The values that the layer gives, in the framework's order.
        private func results(of call: LayerCall) -> [Graph.Output] {
            let hasHead = call.layer.plainClassName.contains("For")
            let names = hasHead ? ["logits"] : ["last_hidden_state", "pooler_output"]
            return names.compactMap { name in expanded.graph.outputs.first { $0.name == name } }
        }

        func embedded(
            _ call: LayerCall, _ inputs: Inputs, _ catalog: Catalog, in builder: inout KerasGraphBuilder
        ) throws(Problem) -> [KerasValue] {
            let graph = expanded.graph
            let results = results(of: call)
            guard graph.inputLayouts.values.isEmpty, !results.isEmpty else {
                throw call.unsupported("models of this kind inside a Keras model are not handled")
            }
            for ids in [inputs.ids, inputs.types].compactMap(\.self) { _ = try builder.ids(ids, for: call) }
            if let mask = inputs.mask {
                guard mask.isColumn, builder.unify(mask.rows, inputs.ids.rows) else {
                    throw call.unsupported("a mask \(mask.shapeText) for ids \(inputs.ids.shapeText)")
                }
            }
            var values: [String: String] = ["input_ids": inputs.ids.name]
            values["token_type_ids"] = inputs.types?.name
            var names: [String: String] = [:]
            for node in graph.nodes(for: results.map(\.value)) {
                let name = try add(node, values, names, call, inputs, catalog, &builder)
                values[node.name] = name
                names[node.name] = builder.nodes.last { $0.name == name }?.name ?? name
            }
            let shapes = try shapes(call)
            return results.compactMap { output -> KerasValue? in
                guard let name = values[output.value], let shape = shapes[output.value] else { return nil }
                let isRow = shape.rows == .sequences
                return .tensor(
                    LayerValue(
                        name: name, axes: (isRow ? [] : inputs.ids.axes) + [.width],
                        rows: isRow ? .sequences : inputs.ids.rows, width: shape.width))
            }
        }

        private func shapes(_ call: LayerCall) throws(Problem) -> [String: ValueShape] {
            do throws(GraphError) { return try expanded.graph.inferShapes() } catch {
                throw call.corrupt(error.problems.map(\.description).joined(separator: "; "))
            }
        }

        private func add(
            _ node: Node, _ values: [String: String], _ names: [String: String], _ call: LayerCall, _ inputs: Inputs,
            _ catalog: Catalog, _ builder: inout KerasGraphBuilder
        ) throws(Problem) -> String {
            var operation = node.operation
            var parameters: [String: ParameterSource] = [:]
            for parameter in node.ownParameters {
                let id = node.parameterID(parameter.name)
                guard let source = sources.sources[id], let tensor = catalog.tensor(source.names) else {
                    let wanted = sources.sources[id]?.names.first?.printable ?? "\(id)"
                    throw call.corrupt("\(wanted) is missing")
                }
                guard source.layout.fits(tensor.shape, as: parameter.shape) else {
                    throw call.corrupt(
                        "\(tensor.name.printable) has shape \(tensor.shape), expected \(parameter.shape)")
                }
                let layout = source.layout, shape = parameter.shape
                parameters[parameter.name] = .computed(
                    .init(names: [tensor.name], shape: shape) { tensors in
                        tensors.first.flatMap { layout.parameter(from: $0, shape: shape) }
                    })
            }
            var given = node.inputs.compactMap { values[$0] }
            var types: ParameterSource?
            if case .embedding(var embedding) = operation, embedding.types > 0, inputs.types == nil {
                // Without types every row is of the first.
                types = parameters.removeValue(forKey: "types")
                embedding.types = 0
                operation = .embedding(embedding)
            }
            if case .attention(var attention) = operation, let mask = inputs.mask {
                attention.scores.masking = .init(keys: true, hiding: .penalized)
                operation = .attention(attention)
                given.append(mask.name)
            }
            let ties = node.ties.compactMapValues { tie -> Node.Tie? in
                names[tie.parameter.node].map {
                    Node.Tie(parameter: ParameterID(node: $0, name: tie.parameter.name), isTransposed: tie.isTransposed)
                }
            }
            guard ties.count == node.ties.count else { throw call.unsupported("shares parameters that come later") }
            let name = builder.add(operation, given, to: call, part: node.name, parameters, ties: ties)
            guard case .computed(let table)? = types, let width = table.shape.extents.last else { return name }
            let row = ParameterSource.computed(
                .init(names: table.names, shape: [width]) { tensors in
                    table.make(tensors).map { Tensor(Array($0.floats.prefix(width)), shape: [width]) }
                })
            return builder.add(
                .affine(Affine(width: width, hasOffset: true)), [name], to: call, part: "\(node.name)_type",
                ["offset": row])
        }
    }
}

extension Graph {
    /// The nodes that some values need, in execution order.
    fileprivate func nodes(for values: [String]) -> [Node] {
        var wanted = Set(values)
        for node in nodes.reversed() where wanted.contains(node.name) { wanted.formUnion(node.inputs) }
        return nodes.filter { wanted.contains($0.name) }
    }
}

extension String {
    /// A weight's name without the scopes in front and without what differs between writers.
    fileprivate var familyName: String {
        var parts = split(separator: "/")[...]
        // The list that Keras keeps the layer's weights in, and the model's own scope.
        while parts.count > 1, parts.first?.hasPrefix("tf_") == true { parts = parts.dropFirst() }
        return parts.map { part in
            var name = String(part)
            if let separator = name.firstRange(of: "_._") { name.replaceSubrange(separator, with: ".") }
            if name.hasSuffix(":0") { name.removeLast(2) }
            return name
        }.joined(separator: "/")
    }
}
