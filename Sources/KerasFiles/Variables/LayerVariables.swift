import Platform
import WeightFiles

/// Where a layer stands: names of the models around it and its own.
package typealias LayerPath = [String]

extension LayerPath {
    /// For messages: `backbone/block_stack/enc0_mha`.
    package var text: String { map(\.printable).joined(separator: "/") }
}

/// Which stored tensors each layer owns, by the object inside the layer.
package struct LayerVariables: Sendable {
    /// By layer, then by object; the layer's own under an empty name.
    package private(set) var tensors: [LayerPath: [String: [StoredTensor]]] = [:]

    /// Tensors of an object inside a layer, in the order in which they were created; empty when there are none.
    package func tensors(of layer: LayerPath, object: String = "") -> [StoredTensor] { tensors[layer]?[object] ?? [] }

    /// Layers whose weights are stored under another name, in the model's order.
    package private(set) var renamed: [(layer: String, stored: String)] = []

    package init() {}

    /// That weights were found by the order, with the first names as examples; `nil` where all names agree.
    package var renamingNote: String? {
        guard !renamed.isEmpty else { return nil }
        let examples = renamed.prefix(3).map { "\($0.layer.printable) reads \($0.stored.printable)" }
        return
            "weights are matched by the order, as Keras does: \(renamed.count) of the layers have other names in the "
            + "file (\(examples.joined(separator: ", "))\(renamed.count > 3 ? " …" : ""))"
    }

    /// Notes that a layer's weights were found by the order, under another layer's name.
    package mutating func note(_ layer: String, readsWeightsOf stored: String) { renamed.append((layer, stored)) }

    package mutating func assign(_ tensors: [StoredTensor], to layer: LayerPath, object: String) {
        guard !tensors.isEmpty else { return }
        self.tensors[layer, default: [:]][object] = tensors
    }
}
