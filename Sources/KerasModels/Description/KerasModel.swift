import JSON
import ModelGraph

/// Which release wrote a model: they differ in what masks mean and in how files are laid out.
package enum KerasGeneration: Sendable, Hashable {
    case keras2, keras3
}

/// A functional or sequential Keras model as its configuration describes it: layers, and the calls that connect them.
package struct KerasModel: Sendable {
    /// One result of the model.
    package struct Output: Sendable {
        /// The key where results have names; `nil` otherwise.
        package let name: String?
        package let source: KerasReference
    }

    package let name: String
    /// In the model's own order: the one that classes are counted in, and that weights are stored in.
    package let layers: [KerasLayer]
    /// Results of its input layers, in the order in which callers hand them in.
    package let inputs: [KerasReference]
    package let outputs: [Output]
    /// Whether its weights may be trained; a frozen model's are stored in another order.
    package let isTrainable: Bool
    package let generation: KerasGeneration

    /// The layer of a name.
    package func layer(named name: String) -> KerasLayer? { layers.first { $0.name == name } }
}

/// A layer, or an operation that was recorded as one.
package struct KerasLayer: Sendable {
    package let className: String
    /// `keras.layers`, `keras.src.ops.numpy` …; `nil` where the writer names none.
    package let module: String?
    package let name: String
    package let config: JSONValue
    /// One a time that the layer is applied in its model.
    package let calls: [KerasCall]
    /// The layer as a model of its own layers; `nil` for plain layers.
    package let inner: KerasModel?
    /// Number of the call that references count as the first: Keras 2 counts the call that built a nested model.
    package let firstCall: Int

    /// The layer with its calls counted from another number.
    func counted(from firstCall: Int) -> KerasLayer {
        KerasLayer(
            className: className, module: module, name: name, config: config, calls: calls, inner: inner,
            firstCall: firstCall)
    }

    /// Where parts of custom layers keep the names of the attributes that may hold them.
    static let attributesKey = "names of the attribute"

    /// Names of the attributes that may hold a part of a custom layer.
    var attributes: [String] {
        config[Self.attributesKey]?.arrayValue?.compactMap(\.stringValue) ?? [name]
    }

    /// The class without the package that it is registered under: `Text>PositionEmbedding` → `PositionEmbedding`.
    var plainClassName: String { className.split(separator: ">").last.map(String.init) ?? className }

    /// The class under which weights are stored.
    var storedClassName: String {
        plainClassName == "GroupQueryAttention" ? "GroupedQueryAttention" : plainClassName
    }

    /// Whether its weights may be trained.
    var isTrainable: Bool { config["trainable"]?.boolValue ?? true }

    /// Whether it is an operation on tensors rather than a layer: `x + y`, `x[:, 0]`.
    var isOperation: Bool {
        className == "TFOpLambda" || className == "SlicingOpLambda" || module?.hasPrefix("keras.src.ops") == true
            || module?.hasPrefix("keras.ops") == true
    }
}

/// What a layer was called with.
package struct KerasCall: Sendable {
    package let arguments: [KerasArgument]
    package let keywords: [String: KerasArgument]

    /// Results of other layers that the call reads, in the order of the arguments.
    package var references: [KerasReference] {
        arguments.flatMap(\.references) + keywords.sorted { $0.key < $1.key }.flatMap(\.value.references)
    }

    /// An argument by its place or its name.
    subscript(place: Int, name: String) -> KerasArgument? {
        arguments.indices.contains(place) ? arguments[place] : keywords[name]
    }
}

/// One argument of a call.
package indirect enum KerasArgument: Sendable {
    case reference(KerasReference)
    case list([KerasArgument])
    case slice(start: KerasArgument, stop: KerasArgument, step: KerasArgument)
    case ellipsis
    case constant(JSONValue)
    /// Values by name.
    case named([String: KerasArgument])

    package var references: [KerasReference] {
        switch self {
        case .reference(let reference): [reference]
        case .list(let elements): elements.flatMap(\.references)
        case .named(let members): members.sorted { $0.key < $1.key }.flatMap(\.value.references)
        case .slice(let start, let stop, let step): start.references + stop.references + step.references
        case .ellipsis, .constant: []
        }
    }

    /// Whether nothing was handed in.
    var isNone: Bool { if case .constant(.null) = self { true } else { false } }
    /// A constant; `nil` for anything that is computed.
    var constant: JSONValue? { if case .constant(let value) = self { value } else { nil } }
}

/// A tensor by the layer that gave it.
package struct KerasReference: Sendable, Hashable {
    /// Name of the layer.
    package let layer: String
    /// Which of the layer's calls, as the writer counts.
    package let call: Int
    /// Which of the call's results.
    package let result: Int
}
