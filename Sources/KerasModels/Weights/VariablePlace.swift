import Platform
import WeightFiles

/// Variables that one object inside a layer owns: those of a layer itself, or of its query projection.
package struct VariablePlace: Sendable, Hashable {
    /// One variable.
    package struct Variable: Sendable, Hashable {
        /// Keras's own name for it: `kernel`.
        package let name: String
        /// Whether training changes it: moving averages come after everything that is trained.
        package let isTrainable: Bool

        package init(_ name: String, isTrainable: Bool = true) {
            self.name = name
            self.isTrainable = isTrainable
        }
    }

    /// The object's attribute name inside the layer, without underscores in front; empty for the layer itself.
    package let object: String
    /// In the order in which they were created.
    package let variables: [Variable]

    package init(_ object: String = "", _ variables: [Variable]) {
        self.object = object
        self.variables = variables
    }

    package init(_ object: String = "", _ names: [String]) {
        self.init(object, names.map { Variable($0) })
    }
}

/// Where a layer stands: names of the models around it and its own.
package typealias LayerPath = [String]

extension LayerPath {
    /// For messages: `backbone/block_stack/enc0_mha`.
    var text: String { map(\.printable).joined(separator: "/") }
}

/// Which stored tensors each layer owns, by the object inside the layer.
package struct LayerVariables: Sendable {
    package private(set) var tensors: [LayerPath: [String: [SourceTensor]]] = [:]

    /// Tensors of an object inside a layer, in the order in which they were created; empty when there are none.
    package func tensors(of layer: LayerPath, object: String = "") -> [SourceTensor] { tensors[layer]?[object] ?? [] }

    /// Objects inside a layer that own variables.
    func objects(of layer: LayerPath) -> [String] { (tensors[layer] ?? [:]).keys.sorted() }

    mutating func assign(_ tensors: [SourceTensor], to layer: LayerPath, object: String) {
        guard !tensors.isEmpty else { return }
        self.tensors[layer, default: [:]][object] = tensors
    }
}
