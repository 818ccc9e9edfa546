import JSON
import ModelGraph

/// A layer, or an operation that was recorded as one.
package struct KerasLayer: Sendable {
    /// As the configuration spells it, the package that it is registered under included: `Text>PositionEmbedding`.
    package let className: String
    /// `keras.layers`, `keras.src.ops.numpy` …; `nil` where the writer names none.
    package let module: String?
    /// Unique in its model.
    package let name: String
    /// What its constructor was given.
    package let config: JSONValue
    /// One a time that the layer is applied in its model.
    package let calls: [KerasCall]
    /// The layer as a model of its own layers; `nil` for plain layers.
    package let inner: KerasModel?
    /// Number of the call that references count as the first: Keras 2 counts the call that built a nested model.
    package let firstCall: Int
    /// Whether the configuration says that the class is none of the framework's, whatever its name.
    package var isForeign = false
    /// What the layer is made of, where that was told by what is stored for it.
    package var document: CustomLayer?
    /// Layers that a wrapper's configuration holds, by the key that holds them.
    var wrapped: [String: KerasLayer] = [:]

    /// The layer with its calls counted from another number.
    func counted(from firstCall: Int) -> KerasLayer {
        KerasLayer(
            className: className, module: module, name: name, config: config, calls: calls, inner: inner,
            firstCall: firstCall, isForeign: isForeign, document: document, wrapped: wrapped)
    }

    // MARK: Class

    /// The class without the package that it is registered under: `Text>PositionEmbedding` → `PositionEmbedding`.
    var plainClassName: String { className.split(separator: ">").last.map(String.init) ?? className }

    /// The class under which weights are stored.
    var storedClassName: String {
        plainClassName == "GroupQueryAttention" ? "GroupedQueryAttention" : plainClassName
    }

    /// Whether it is an operation on tensors rather than a layer: `x + y`, `x[:, 0]`.
    var isOperation: Bool {
        className == "TFOpLambda" || className == "SlicingOpLambda" || module?.hasPrefix("keras.src.ops") == true
            || module?.hasPrefix("keras.ops") == true || isLegacyOperation
    }

    /// Whether it is an operation of Keras 3 in the older form of a file, which names no modules: layers note how they
    /// compute, operations have nothing but a name and their own options.
    private var isLegacyOperation: Bool {
        // A layer that combines values takes them as one list, an operation one by one.
        if case .list? = calls.first?.arguments.first,
            ["Add", "Subtract", "Multiply", "Maximum", "Minimum"].contains(className)
        {
            return false
        }
        return module == nil && config["name"] != nil && config["dtype"] == nil && config["trainable"] == nil
            && config["layers"] == nil && BuiltInOperations.named(functionName) != nil
    }

    // MARK: Configuration

    /// Whether its weights may be trained.
    var isTrainable: Bool { flag("trainable", default: true) }

    /// A flag of its configuration; some programs wrote numbers.
    func flag(_ key: String, default value: Bool) -> Bool {
        config[key]?.boolValue ?? config[key]?.doubleValue.map { $0 != 0 } ?? value
    }

    /// Whether its configuration has a key that is not null.
    func has(_ key: String) -> Bool { config[key].map { !$0.isNull } ?? false }

    /// A size of its configuration: 1 or more; `nil` for anything else.
    func size(_ key: String) -> Int? {
        config[key]?.intValue.flatMap { (1...GraphLimit.extent).contains($0) ? $0 : nil }
    }

    // MARK: Parts of custom layers

    /// Where parts of custom layers keep the names of the attributes that may hold them.
    static let attributesKey = "names of the attribute"

    /// Names of the attributes that may hold a part of a custom layer.
    var attributes: [String] {
        config[Self.attributesKey]?.arrayValue?.compactMap(\.stringValue) ?? [name]
    }
}
