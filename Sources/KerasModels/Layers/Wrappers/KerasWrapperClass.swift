import JSON

/// A layer around other layers, whose configurations stand in its own.
///
/// Its parts own their weights under the names of the attributes that hold them.
protocol KerasWrapperClass: KerasLayerClass {
    /// The layers inside, each named by its attribute.
    static func parts(of layer: KerasLayer) -> [KerasLayer]
}

extension KerasWrapperClass {
    /// The parts as a model, calls left out: what is asked for weights and for unknown classes.
    static func model(of layer: KerasLayer) -> KerasModel {
        KerasModel(
            name: layer.name, layers: parts(of: layer), inputs: [], outputs: [], isTrainable: layer.isTrainable,
            generation: .keras3)
    }
}

extension KerasLayer {
    /// Where wrappers keep the layers inside them.
    static let wrappedKeys = ["layer", "backward_layer"]
    /// Classes whose configurations hold layers there.
    static let wrapperNames: Set<String> = ["TimeDistributed", "Bidirectional"]

    /// The layer as the part of another one that is held by an attribute.
    func part(_ attribute: String, named name: String) -> KerasLayer {
        var members = config.objectValue ?? [:]
        members[KerasLayer.attributesKey] = .array([.string(attribute)])
        return KerasLayer(
            className: className, module: module, name: name, config: .object(members), calls: [], inner: inner,
            firstCall: 0, wrapped: wrapped)
    }

    /// The layer with another configuration.
    func withConfig(_ config: JSONValue) -> KerasLayer {
        KerasLayer(
            className: className, module: module, name: name, config: config, calls: calls, inner: inner,
            firstCall: firstCall, wrapped: wrapped)
    }
}
