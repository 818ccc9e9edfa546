import JSON
import ModelGraph
import Platform

/// A function of each number, or the softmax of each row, by the names that Keras gives it.
///
/// A new function is a line in `all`: `Dense(activation=…)`, `Activation(…)`, a layer class of its own without
/// options, and the recorded operation of the same name then all know it.
///
///     .init(.elementwise(.tanh), ["tanh"], layers: ["Tanh"]),
struct KerasActivation: Sendable {
    /// What is computed.
    enum Function: Sendable, Hashable {
        case identity
        /// A function of each number.
        case elementwise(Activation)
        /// Over each row.
        case softmax
    }

    /// What is computed.
    let function: Function
    /// In configurations: small letters, or whole with the package that it is registered under.
    let names: [String]
    /// Layer classes without options that compute it.
    let layers: [String]

    private init(_ function: Function, _ names: [String], layers: [String] = []) {
        self.function = function
        self.names = names
        self.layers = layers
    }

    /// Every activation that is known.
    static let all: [KerasActivation] = [
        .init(.identity, ["linear", "identity"]),
        .init(.elementwise(.relu), ["relu"], layers: ["Relu"]),
        .init(.elementwise(.gelu), ["gelu"], layers: ["GELU"]),
        // The Model Garden's own GELU is the approximation.
        .init(.elementwise(.geluTanh), ["gelu_tanh", "Text>gelu"]),
        .init(.elementwise(.tanh), ["tanh"], layers: ["Tanh"]),
        .init(.elementwise(.sigmoid), ["sigmoid"], layers: ["Sigmoid"]),
        .init(.elementwise(.silu), ["silu", "swish"], layers: ["Silu"]),
        .init(.softmax, ["softmax"]),
    ]

    private static let byName = Dictionary(
        all.flatMap { activation in activation.names.map { ($0, activation) } }, uniquingKeysWith: { first, _ in first }
    )

    /// The activation of a name; a package in front of it, `package>name`, counts where the name with it is known.
    static func named(_ name: String) -> KerasActivation? {
        byName[name] ?? byName[name.split(separator: ">").last?.lowercased() ?? name]
    }

    /// The identity where a configuration gives none.
    private static let none = KerasActivation(.identity, [])

    /// The activation that a configuration names, as a text or as an object of its own.
    ///
    /// - Throws: `unsupported` for an unknown name.
    init(_ value: JSONValue?, for call: LayerCall) throws(Problem) {
        guard let value, !value.isNull else {
            self = .none
            return
        }
        let name =
            value.stringValue ?? value["config"]?.stringValue ?? value["config"]?["name"]?.stringValue
            ?? value["class_name"]?.stringValue ?? value.shortDescription
        guard let found = Self.named(name) else {
            throw call.unsupported("the activation \"\(name.printable)\" is not known")
        }
        self = found
    }
}
