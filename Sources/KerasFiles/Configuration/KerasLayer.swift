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
    package var wrapped: [String: KerasLayer] = [:]

    package init(
        className: String, module: String?, name: String, config: JSONValue, calls: [KerasCall], inner: KerasModel?,
        firstCall: Int, isForeign: Bool = false, document: CustomLayer? = nil, wrapped: [String: KerasLayer] = [:]
    ) {
        self.className = className
        self.module = module
        self.name = name
        self.config = config
        self.calls = calls
        self.inner = inner
        self.firstCall = firstCall
        self.isForeign = isForeign
        self.document = document
        self.wrapped = wrapped
    }

    /// The layer with its calls counted from another number.
    package func counted(from firstCall: Int) -> KerasLayer {
        KerasLayer(
            className: className, module: module, name: name, config: config, calls: calls, inner: inner,
            firstCall: firstCall, isForeign: isForeign, document: document, wrapped: wrapped)
    }

    // MARK: Class

    /// The class without the package that it is registered under: `Text>PositionEmbedding` → `PositionEmbedding`.
    package var plainClassName: String { className.split(separator: ">").last.map(String.init) ?? className }

    /// The class under which weights are stored.
    package var storedClassName: String {
        plainClassName == "GroupQueryAttention" ? "GroupedQueryAttention" : plainClassName
    }

    // MARK: Configuration

    /// Whether its weights may be trained.
    package var isTrainable: Bool { flag("trainable", default: true) }

    /// A flag of its configuration; some programs wrote numbers.
    package func flag(_ key: String, default value: Bool) -> Bool {
        config[key]?.boolValue ?? config[key]?.doubleValue.map { $0 != 0 } ?? value
    }

    /// Whether its configuration has a key that is not null.
    package func has(_ key: String) -> Bool { config[key].map { !$0.isNull } ?? false }

    /// A size of its configuration: 1 or more; `nil` for anything else.
    package func size(_ key: String) -> Int? {
        config[key]?.intValue.flatMap { (1...GraphLimit.extent).contains($0) ? $0 : nil }
    }

    // MARK: Parts of custom layers

    /// Where parts of custom layers keep the names of the attributes that may hold them.
    package static let attributesKey = "names of the attribute"

    /// Names of the attributes that may hold a part of a custom layer.
    package var attributes: [String] {
        config[Self.attributesKey]?.arrayValue?.compactMap(\.stringValue) ?? [name]
    }
}
