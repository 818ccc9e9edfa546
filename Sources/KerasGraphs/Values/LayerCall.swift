import JSON
import KerasFiles
import Platform

/// One call of a layer, its arguments computed.
package struct LayerCall: Sendable {
    /// The layer with its configuration.
    package let layer: KerasLayer
    /// Names of the models around it and its own.
    package let path: LayerPath
    /// Name of the node that gives the result, and what the names of further nodes start with.
    package let node: String
    /// What was handed in by position.
    package let arguments: [KerasValue]
    /// What was handed in by name.
    package let keywords: [String: KerasValue]
    /// Which release's rules apply.
    package let generation: KerasGeneration
    /// Axes behind the batch that the layer does not see: it is applied at each of their places (`TimeDistributed`).
    package var leadingAxes = 0

    package init(
        layer: KerasLayer, path: LayerPath, node: String, arguments: [KerasValue], keywords: [String: KerasValue],
        generation: KerasGeneration, leadingAxes: Int = 0
    ) {
        self.layer = layer
        self.path = path
        self.node = node
        self.arguments = arguments
        self.keywords = keywords
        self.generation = generation
        self.leadingAxes = leadingAxes
    }

    /// The layer's configuration.
    package var config: JSONValue { layer.config }

    /// An argument by its position or its name; `.none` where neither was handed in.
    package subscript(position: Int, name: String) -> KerasValue {
        arguments.indices.contains(position) ? arguments[position] : keywords[name] ?? .none
    }

    /// The first argument, whatever it is called.
    package var first: KerasValue { arguments.first ?? keywords["inputs"] ?? keywords["x"] ?? .none }

    /// The tensors of the first argument, or of several arguments: what layers that combine values take.
    package var tensors: [LayerValue] { arguments.flatMap(\.tensors) }

    /// The only tensor of a layer with one input.
    package func input() throws(Problem) -> LayerValue {
        guard let value = first.tensors.first else { throw unsupported("its input is no tensor that is followed") }
        return value
    }

    /// The call with other arguments, all of them handed in by position.
    package func replacing(arguments: [KerasValue]) -> LayerCall {
        LayerCall(
            layer: layer, path: path, node: node, arguments: arguments, keywords: [:], generation: generation,
            leadingAxes: leadingAxes)
    }

    /// The call with another first argument.
    package func replacing(first: KerasValue) -> LayerCall {
        var keywords = keywords
        for name in ["inputs", "x", "input"] { keywords[name] = nil }
        return LayerCall(
            layer: layer, path: path, node: node, arguments: [first] + arguments.dropFirst(), keywords: keywords,
            generation: generation, leadingAxes: leadingAxes)
    }

    // MARK: Configuration

    /// A size: 1 or more.
    ///
    /// - Throws: `corrupt` where it is missing or none.
    package func size(_ key: String) throws(Problem) -> Int {
        guard let value = layer.size(key) else {
            throw corrupt("\"\(key)\" is \(config[key]?.shortDescription ?? "missing")")
        }
        return value
    }

    /// A number; a null counts as missing.
    ///
    /// - Throws: `corrupt` for what is no finite number.
    package func number(_ key: String, default value: Double) throws(Problem) -> Float {
        guard let found = config[key], !found.isNull else { return Float(value) }
        guard let number = found.doubleValue, number.isFinite else {
            throw corrupt("\"\(key)\" is \(found.shortDescription)")
        }
        return Float(number)
    }

    /// A flag.
    package func flag(_ key: String, default value: Bool) -> Bool { layer.flag(key, default: value) }

    /// Whether a key is there and not null.
    package func has(_ key: String) -> Bool { layer.has(key) }

    /// Whether the axis of channels comes before the others.
    package var hasChannelsFirst: Bool { config["data_format"]?.stringValue == "channels_first" }

    /// Refuses options that would change the result and are not computed here: those that are neither missing, null,
    /// false nor 0.
    package func refuse(_ keys: [String]) throws(Problem) {
        for key in keys {
            guard let value = config[key], !value.isNull, value != .bool(false), value.doubleValue != 0 else {
                continue
            }
            throw unsupported("\"\(key)\" is \(value.shortDescription)")
        }
    }

    // MARK: Errors

    /// The layer in messages: `backbone/enc0_mha (MultiHeadAttention)`.
    package var label: String { "\(path.text) (\(layer.className.printable))" }

    /// Something that Keras computes and this project does not.
    package func unsupported(_ message: String) -> Problem { Problem(.unsupported, "\(label): \(message)") }

    /// Something that Keras would not have written.
    package func corrupt(_ message: String) -> Problem { Problem(.corrupt, "\(label): \(message)") }
}
