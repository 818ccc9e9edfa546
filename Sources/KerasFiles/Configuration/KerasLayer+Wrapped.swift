import JSON

extension KerasLayer {
    /// Where wrappers keep the layers inside them.
    package static let wrappedKeys = ["layer", "backward_layer"]
    /// Classes whose configurations hold layers there.
    package static let wrapperNames: Set<String> = ["TimeDistributed", "Bidirectional"]

    /// The layer as the part of another one that is held by an attribute.
    package func part(_ attribute: String, named name: String) -> KerasLayer {
        var members = config.objectValue ?? [:]
        members[KerasLayer.attributesKey] = .array([.string(attribute)])
        return KerasLayer(
            className: className, module: module, name: name, config: .object(members), calls: [], inner: inner,
            firstCall: 0, wrapped: wrapped)
    }

    /// The layer with another configuration.
    package func withConfig(_ config: JSONValue) -> KerasLayer {
        KerasLayer(
            className: className, module: module, name: name, config: config, calls: calls, inner: inner,
            firstCall: firstCall, wrapped: wrapped)
    }
}
