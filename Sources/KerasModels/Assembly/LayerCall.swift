import JSON
import ModelGraph
import Platform

/// One call of a layer, its arguments computed.
struct LayerCall: Sendable {
    let layer: KerasLayer
    let path: LayerPath
    /// Name of the node that gives the result, and what the names of further nodes start with.
    let node: String
    let arguments: [KerasValue]
    let keywords: [String: KerasValue]
    let generation: KerasGeneration

    var config: JSONValue { layer.config }

    /// For messages: `backbone/enc0_mha (MultiHeadAttention)`.
    var place: String { "\(path.text) (\(layer.className.printable))" }

    func unsupported(_ message: String) -> Problem { Problem(.unsupported, "\(place): \(message)") }
    func corrupt(_ message: String) -> Problem { Problem(.corrupt, "\(place): \(message)") }

    /// An argument by its place or its name; nothing handed in where there is neither.
    subscript(place: Int, name: String) -> KerasValue {
        arguments.indices.contains(place) ? arguments[place] : keywords[name] ?? .none
    }

    /// The tensors of the first argument, or of several arguments: what layers that combine values take.
    var tensors: [LayerValue] { arguments.flatMap(\.tensors) }

    /// The only tensor of a layer with one input.
    func input() throws(Problem) -> LayerValue {
        guard let value = (arguments.first ?? keywords["inputs"] ?? keywords["x"] ?? .none).tensors.first else {
            throw unsupported("its input is no tensor that is followed")
        }
        return value
    }

    // MARK: Configuration

    /// A size from the configuration: 1 or more.
    func size(_ key: String) throws(Problem) -> Int {
        guard let value = config[key]?.intValue, value >= 1, value <= GraphLimit.extent else {
            throw corrupt("\"\(key)\" is \(config[key]?.shortDescription ?? "missing")")
        }
        return value
    }

    func number(_ key: String, default value: Double) throws(Problem) -> Float {
        guard let found = config[key], !found.isNull else { return Float(value) }
        guard let number = found.doubleValue, number.isFinite else {
            throw corrupt("\"\(key)\" is \(found.shortDescription)")
        }
        return Float(number)
    }

    func flag(_ key: String, default value: Bool) -> Bool { config[key]?.boolValue ?? value }

    /// Refuses options that would change the result and are not computed here.
    func refuse(_ keys: [String]) throws(Problem) {
        for key in keys {
            guard let value = config[key], !value.isNull, value != .bool(false), value.doubleValue != 0 else {
                continue
            }
            throw unsupported("\"\(key)\" is \(value.shortDescription)")
        }
    }
}
