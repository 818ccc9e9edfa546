import ModelGraph
import Platform

/// The layer classes that are understood: built-in ones, and custom ones by their specs.
package struct KerasLayerClasses: Sendable {
    private let classes: [String: any KerasLayerClass.Type]
    private let custom: [CustomLayer]

    /// - Parameter custom: Specs in the order in which they are asked, the caller's own first.
    package init(custom: [CustomLayer] = []) {
        var classes: [String: any KerasLayerClass.Type] = [:]
        for type in Self.builtIn { for name in type.names { classes[name] = type } }
        self.classes = classes
        self.custom = custom
    }

    private static let builtIn: [any KerasLayerClass.Type] = [
        EmbeddingLayer.self, ReversibleEmbeddingLayer.self, DenseLayer.self, EinsumDenseLayer.self,
        MultiHeadAttentionLayer.self, GroupedQueryAttentionLayer.self, ReuseAttentionLayer.self,
        LayerNormalizationLayer.self, RMSNormalizationLayer.self, BatchNormalizationLayer.self, RescalingLayer.self,
        NormalizationLayer.self,
        ConvolutionLayer.self, IdentityLayer.self, ActivationLayer.self, MergeLayer.self, ConcatenateLayer.self,
        GlobalPoolingLayer.self, ReshapeLayer.self, FlattenLayer.self, PermuteLayer.self, MaskingLayer.self,
        VariableLayer.self, RecordedOperation.self,
    ]

    /// The class of a layer; `nil` for one that is not understood.
    func type(of layer: KerasLayer) -> (any KerasLayerClass.Type)? {
        if layer.isOperation { return RecordedOperation.self }
        return classes[layer.className]
    }

    /// Variables of a plain layer in the order of creation.
    func places(of layer: KerasLayer) -> [VariablePlace] { type(of: layer)?.places(of: layer) ?? [] }

    /// The model that a layer stands for: a nested one, or what a custom layer is made of, its calls left out.
    func inner(of layer: KerasLayer) -> KerasModel? {
        // What a configuration lacks was reported by `unknowns`.
        layer.inner ?? spec(of: layer).flatMap { try? $0.model(for: layer) }
    }

    /// The spec of a custom layer.
    func spec(of layer: KerasLayer) -> CustomLayer? {
        guard layer.inner == nil, type(of: layer) == nil else { return nil }
        return custom.first { $0.describes(layer) }
    }

    /// Attributes of a custom layer that may hold one of its parts; an empty name for its own variables.
    func objects(of part: KerasLayer) -> [String] { VariableLayer.isVariable(part) ? [""] : part.attributes }

    /// Which of its owner's variables a part is; `nil` for parts that are layers.
    func number(of part: KerasLayer) -> Int? { VariableLayer.number(of: part) }

    /// Every layer of a model that nothing here understands, by name and place, and every custom layer whose
    /// configuration does not tell what it is made of.
    func unknowns(in model: KerasModel, path: LayerPath = []) -> [Problem] {
        unknowns(in: model, path: path, within: [])
    }

    /// - Parameter specs: Names of the custom layers around the model.
    private func unknowns(in model: KerasModel, path: LayerPath, within specs: Set<String>) -> [Problem] {
        model.layers.enumerated().flatMap { position, layer -> [Problem] in
            let path = path + [layer.name]
            if let inner = layer.inner { return unknowns(in: inner, path: path, within: specs) }
            if let spec = spec(of: layer) {
                guard !specs.contains(spec.name) else {
                    return [Problem(.usage, "\(path.text): the layer \(spec.name) is made of itself")]
                }
                do throws(Problem) {
                    return unknowns(in: try spec.model(for: layer), path: path, within: specs.union([spec.name]))
                } catch {
                    return [error]
                }
            }
            guard type(of: layer) == nil, layer.className != "InputLayer" else { return [] }
            let place = "layer \(position + 1) of \(model.layers.count) of \"\(model.name.printable)\""
            return [
                Problem(.unsupported, "\(path.text), \(place): the layer \(layer.className.printable) is not known")
            ]
        }
    }
}
