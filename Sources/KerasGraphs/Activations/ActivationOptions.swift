import JSON
import Platform

/// The numbers that an activation is given: by the configuration of its layer or operation, or by the call that was
/// recorded; none where it stands as a word in another layer's configuration.
package struct ActivationOptions: Sendable {
    /// The call that it belongs to.
    package let call: LayerCall
    /// Whether it is a layer of its own.
    package let isLayer: Bool
    private let config: JSONValue
    private let isRecorded: Bool

    /// A word in a configuration.
    package init(_ call: LayerCall) {
        self.call = call
        isLayer = false
        config = .null
        isRecorded = false
    }

    /// A layer, or an object that stands for one.
    package init(_ call: LayerCall, config: JSONValue, isLayer: Bool) {
        self.call = call
        self.config = config
        self.isLayer = isLayer
        isRecorded = false
    }

    /// A recorded operation.
    package init(recorded call: LayerCall) {
        self.call = call
        config = call.config
        isLayer = false
        isRecorded = true
    }

    /// Whether it is an operation of Keras's third release, whose defaults are not always those of TensorFlow's.
    package var isKerasOperation: Bool { isRecorded && call.config["function"] == nil }

    /// What one of the options is set to; `nil` where it is not.
    ///
    /// - Throws: `unsupported` for a tensor in its place.
    package func value(_ option: [String], at position: Int) throws(Problem) -> JSONValue? {
        if isRecorded {
            let given =
                [call.arguments.indices.contains(position + 1) ? call.arguments[position + 1] : nil]
                + option.map { call.keywords[$0] }
            for value in given.compactMap({ $0 }) where !value.isNone {
                if case .list(let elements) = value {
                    let constants = elements.compactMap(\.constant)
                    if constants.count == elements.count { return .array(constants) }
                }
                guard let constant = value.constant else { throw call.unsupported("\"\(option[0])\" is a tensor") }
                return constant
            }
        }
        return option.lazy.compactMap { config[$0] }.first { !$0.isNull }
    }

    /// A finite number.
    package func number(_ option: [String], at position: Int = 0, default standard: Float) throws(Problem) -> Float {
        guard let value = try value(option, at: position) else { return standard }
        // Older releases wrote numbers as arrays without axes.
        let plain = value["config"]?["value"] ?? value["value"] ?? value
        guard let number = plain.doubleValue.map(Float.init), number.isFinite else {
            throw call.unsupported("\"\(option[0])\" is \(value.shortDescription)")
        }
        return number
    }

    /// Refuses keywords that the activation does not take.
    package func refuseOthers(_ options: [[String]]) throws(Problem) {
        guard isRecorded else { return }
        let known = Set(options.joined()).union(["name", "x", "features", "logits", "inputs", "training"])
        for (key, value) in call.keywords.sorted(by: { $0.key < $1.key }) where !known.contains(key) && !value.isNone {
            throw call.unsupported("\"\(key.printable)\" is not known")
        }
        if call.arguments.count > options.count + 1 { throw call.unsupported("takes \(call.arguments.count) values") }
    }
}
