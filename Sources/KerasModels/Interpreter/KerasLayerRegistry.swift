import KerasFiles
import KerasGraphs
import KerasLayers
import KerasOperations
import Platform

/// The layer classes that are understood: built-in ones, and custom ones by the documents that describe them.
package struct KerasLayerRegistry: Sendable {
    private let classes: [String: any KerasLayerClass.Type]
    private let custom: [CustomLayer]

    /// - Parameter custom: Custom layers in the order in which they are asked, the caller's own first.
    package init(custom: [CustomLayer] = []) {
        var classes: [String: any KerasLayerClass.Type] = [:]
        for type in BuiltInLayers.all + [RecordedOperationLayer.self, VariableLayer.self] {
            for name in type.names { classes[name] = type }
        }
        self.classes = classes
        self.custom = custom
    }

    /// The class of a layer; `nil` for one that is not built in.
    func layerClass(of layer: KerasLayer) -> (any KerasLayerClass.Type)? {
        guard layer.document == nil, !layer.isForeign else { return nil }
        if layer.isOperation { return RecordedOperationLayer.self }
        return classes[layer.qualifiedClassName] ?? (layer.isOfHub ? nil : classes[layer.className])
    }

    /// Whether a layer is a whole model of a family that has variables by names of its own.
    func isFamily(_ layer: KerasLayer) -> Bool {
        layer.inner == nil && layerClass(of: layer) == nil && FamilyLayer.isFamily(layer)
    }

    /// The document that describes a layer; `nil` where a built-in class or a nested model does, or nothing.
    func customLayer(of layer: KerasLayer) -> CustomLayer? {
        guard layer.inner == nil else { return nil }
        if let document = layer.document { return document }
        return layerClass(of: layer) == nil ? custom.first { $0.describes(layer) } : nil
    }

    /// Variables of a plain layer in the order of creation.
    func variables(of layer: KerasLayer) -> [VariableGroup] { layerClass(of: layer)?.variables(of: layer) ?? [] }

    /// The model that a layer stands for: a nested one, or what a custom layer is made of, its calls left out.
    func inner(of layer: KerasLayer) -> KerasModel? {
        // What a configuration lacks was reported by `problems`.
        layer.inner ?? wrapperClass(of: layer)?.model(of: layer)
            ?? customLayer(of: layer).flatMap { try? $0.model(for: layer) }
    }

    /// The class of a layer around other layers; `nil` for any other.
    func wrapperClass(of layer: KerasLayer) -> (any KerasWrapperClass.Type)? {
        layer.inner == nil ? layerClass(of: layer) as? any KerasWrapperClass.Type : nil
    }

    // MARK: Parts of custom layers

    /// Attributes of a custom layer that may hold one of its parts; an empty name for its own variables.
    func objects(of part: KerasLayer) -> [String] { VariableLayer.isVariable(part) ? [""] : part.attributes }

    /// Which of its owner's variables a part is; `nil` for parts that are layers.
    func variableNumber(of part: KerasLayer) -> Int? { VariableLayer.number(of: part) }

    // MARK: Unknown layers

    /// Every layer of a model that nothing here understands, by name and position, and every custom layer whose
    /// configuration does not tell what it is made of.
    func problems(in model: KerasModel) -> [Problem] { problems(in: model, path: [], within: []) }

    /// - Parameters:
    ///   - path: Names of the models around the model, its own included.
    ///   - documents: Names of the custom layers around the model.
    private func problems(in model: KerasModel, path: LayerPath, within documents: Set<String>) -> [Problem] {
        model.layers.enumerated().flatMap { index, layer -> [Problem] in
            let path = path + [layer.name]
            if let inner = layer.inner { return problems(in: inner, path: path, within: documents) }
            if let wrapper = wrapperClass(of: layer) {
                return problems(in: wrapper.model(of: layer), path: path, within: documents)
            }
            let unknown =
                KnownKeys.unknown(in: layer) + (customLayer(of: layer)?.unknownKeys(of: layer.config) ?? [])
            guard unknown.isEmpty else {
                return unknown.map { key, value in
                    Problem(
                        .unsupported,
                        "\(path.text) (\(layer.className.printable)): \"\(key.printable)\" is \(value), "
                            + "which is not known"
                    )
                }
            }
            if let custom = customLayer(of: layer) {
                guard !documents.contains(custom.name) else {
                    return [Problem(.usage, "\(path.text): the layer \(custom.name) is made of itself")]
                }
                do throws(Problem) {
                    return problems(
                        in: try custom.model(for: layer), path: path, within: documents.union([custom.name]))
                } catch {
                    return [error]
                }
            }
            guard layerClass(of: layer) == nil, layer.className != "InputLayer", !isFamily(layer) else { return [] }
            let position = "layer \(index + 1) of \(model.layers.count) of \"\(model.name.printable)\""
            return [
                Problem(
                    .unsupported,
                    "\(path.text), \(position): the layer \(layer.className.printable) "
                        + (RefusedLayers.reason(for: layer) ?? "is not known"))
            ]
        }
    }
}
