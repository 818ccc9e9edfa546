import JSON
import KerasFiles
import ModelGraph
import Platform

/// A function of each number, or shares of each row, by the names that Keras gives it.
///
/// A new function is a line in `all`: `Dense(activation=…)`, `Activation(…)`, a layer class of its own, and the
/// recorded operation of the same name then all know it.
///
///     .init(.elementwise(.softplus), ["softplus"], layers: ["Softplus"]),
package struct KerasActivation: Sendable {
    /// What is computed. What is not a function of each number alone is spelled out in `KerasGraphBuilder+Activations`.
    package enum Function: Sendable, Hashable {
        case identity
        /// A function of each number.
        case elementwise(Activation)
        /// Shares that add up to 1 along an axis.
        case shares(Distribution.Function)
        /// The erf form, or its approximation.
        case gelu
        /// `x · sigmoid(beta · x)`.
        case silu
        /// Which line it is depends on the release.
        case hardSigmoid
        case rectifier, thresholdRectifier, leakyRectifier
        case exponentialUnit, continuousExponentialUnit
        case softShrink, hardShrink, threshold
        case squareplus, hardTangent, sparsePlus, sparseSigmoid
        /// Half of the columns, gated by the other half.
        case gatedUnit
    }

    /// What is computed.
    package let function: Function
    /// In configurations: small letters, or whole with the package that it is registered under.
    package let names: [String]
    /// Layer classes, and classes of recorded operations that Keras keeps beside its activations, that compute it.
    package let layers: [String]
    /// Numbers that it takes, in the order in which they may follow the tensor; each by all names that releases use.
    package let options: [[String]]

    private init(_ function: Function, _ names: [String], layers: [String] = [], options: [[String]] = []) {
        self.function = function
        self.names = names
        self.layers = layers
        self.options = options
    }

    /// Every activation that is known.
    package static let all: [KerasActivation] = [
        .init(.identity, ["linear", "identity"]),
        .init(
            .rectifier, ["relu"], layers: ["ReLU", "Relu"],
            options: [["negative_slope", "alpha"], ["max_value"], ["threshold"]]),
        .init(.gelu, ["gelu"], layers: ["GELU", "Gelu"], options: [["approximate"]]),
        // The Model Garden's own GELU is the approximation.
        .init(.elementwise(.geluTanh), ["gelu_tanh", "Text>gelu"]),
        .init(.elementwise(.tanh), ["tanh"], layers: ["Tanh"]),
        .init(.elementwise(.sigmoid), ["sigmoid"], layers: ["Sigmoid"]),
        .init(.silu, ["silu", "swish"], layers: ["Silu"], options: [["beta"]]),
        .init(.shares(.softmax), ["softmax", "softmax_v2"], layers: ["Softmax"], options: [["axis"]]),
        .init(.shares(.logSoftmax), ["log_softmax", "log_softmax_v2"], layers: ["LogSoftmax"], options: [["axis"]]),
        .init(.shares(.sparsemax), ["sparsemax"], layers: ["Sparsemax"], options: [["axis"]]),
        .init(
            .leakyRectifier, ["leaky_relu"], layers: ["LeakyReLU", "LeakyRelu"],
            options: [["negative_slope", "alpha"]]),
        .init(.thresholdRectifier, [], layers: ["ThresholdedReLU"], options: [["theta"]]),
        .init(.elementwise(.relu6), ["relu6"], layers: ["Relu6"]),
        .init(.exponentialUnit, ["elu"], layers: ["ELU", "Elu"], options: [["alpha"]]),
        .init(.elementwise(.selu), ["selu"], layers: ["Selu"]),
        .init(.continuousExponentialUnit, ["celu"], layers: ["Celu"], options: [["alpha"]]),
        .init(.elementwise(.softplus), ["softplus"], layers: ["Softplus"]),
        .init(.elementwise(.softsign), ["softsign"], layers: ["Softsign"]),
        .init(.elementwise(.mish), ["mish"], layers: ["Mish"]),
        .init(.elementwise(.exponential), ["exponential"]),
        .init(.hardSigmoid, ["hard_sigmoid"], layers: ["HardSigmoid"]),
        .init(.elementwise(.hardSilu), ["hard_silu", "hard_swish"], layers: ["HardSilu"]),
        .init(.hardTangent, ["hard_tanh"], layers: ["HardTanh"]),
        .init(.elementwise(.logSigmoid), ["log_sigmoid"], layers: ["LogSigmoid"]),
        .init(.elementwise(.tanhShrink), ["tanh_shrink"], layers: ["TanhShrink"]),
        .init(.softShrink, ["soft_shrink"], layers: ["SoftShrink"], options: [["threshold"]]),
        .init(.hardShrink, ["hard_shrink"], layers: ["HardShrink"], options: [["threshold"]]),
        .init(.threshold, ["threshold"], layers: ["Threshold"], options: [["threshold"], ["default_value"]]),
        .init(.squareplus, ["squareplus"], layers: ["Squareplus"], options: [["b"]]),
        .init(.sparsePlus, ["sparse_plus"], layers: ["SparsePlus"]),
        .init(.sparseSigmoid, ["sparse_sigmoid"], layers: ["SparseSigmoid"]),
        .init(.gatedUnit, ["glu"], layers: ["Glu"], options: [["axis"]]),
    ]

    private static let byName = Dictionary(
        all.flatMap { activation in activation.names.map { ($0, activation) } }, uniquingKeysWith: { first, _ in first }
    )

    private static let byLayer = Dictionary(
        all.flatMap { activation in activation.layers.map { ($0, activation) } },
        uniquingKeysWith: { first, _ in first }
    )

    /// The activation of a name. A function that is registered under a package is somebody's own, whatever it is
    /// called: only whole names with their package are known.
    package static func named(_ name: String) -> KerasActivation? {
        byName[name] ?? (name.contains(">") ? nil : byName[name.lowercased()])
    }

    /// The activation that a layer class computes.
    package static func ofLayer(_ className: String) -> KerasActivation? { byLayer[className] }

    /// The identity where a configuration gives none.
    private static let none = KerasActivation(.identity, [])

    /// Its name in messages.
    package var title: String { names.first ?? layers.first ?? "linear" }
}

extension KerasActivation {
    /// The activation that a configuration names, as a text or as an object of its own, and the numbers it is given.
    ///
    /// - Throws: `unsupported` for an unknown name, and for a function whose code is not in the file.
    package static func read(
        _ value: JSONValue?, for call: LayerCall
    ) throws(Problem) -> (activation: KerasActivation, options: ActivationOptions) {
        let word = ActivationOptions(call)
        guard let value, !value.isNull else { return (none, word) }
        let className = value["class_name"]?.stringValue
        if value["value"]?.arrayValue != nil || className == "__lambda__" {
            throw call.unsupported(
                "its activation is an anonymous function (a lambda), whose code is not read: build the model with a "
                    + "named activation and save it again")
        }
        if let className, className != "function" {
            // A layer in place of a function.
            guard let found = ofLayer(className), isKerasOwn(value) else {
                throw call.unsupported("the activation \"\(className.printable)\" is not known")
            }
            return (found, ActivationOptions(call, config: value["config"] ?? .null, isLayer: true))
        }
        guard let name = value.stringValue ?? value["config"]?.stringValue ?? value["config"]?["name"]?.stringValue
        else { throw call.unsupported("the activation \(value.shortDescription) is not known") }
        if className == "function", !isKerasOwn(value), !name.contains(">") {
            // Keras writes its own functions as words.
            throw call.unsupported(
                "the activation \"\(name.printable)\" is a function of the model's owner: its code is not in the file")
        }
        guard let found = named(name) else {
            throw call.unsupported("the activation \"\(name.printable)\" is not known")
        }
        return (found, word)
    }

    /// Whether an object says that it comes from Keras itself.
    private static func isKerasOwn(_ value: JSONValue) -> Bool {
        if let registered = value["registered_name"]?.stringValue, registered.contains(">") { return false }
        guard let module = value["module"]?.stringValue else { return value["class_name"]?.stringValue != "function" }
        return module == "keras" || module.hasPrefix("keras.") || module.hasPrefix("tensorflow.python.keras")
    }

    /// The function of each number that it is without any options; `nil` for one that is more than that.
    package func elementary(_ generation: KerasGeneration) -> Activation? {
        switch function {
        case .identity: .identity
        case .elementwise(let activation): activation
        case .gelu: .gelu
        case .silu: .silu
        case .hardSigmoid: generation == .keras2 ? .hardSigmoidFifth : .hardSigmoid
        case .rectifier: .relu
        case .leakyRectifier: .leakyRelu
        case .exponentialUnit, .continuousExponentialUnit: .elu
        case .squareplus: .squareplus
        case .thresholdRectifier, .softShrink, .hardShrink, .threshold, .hardTangent, .sparsePlus, .sparseSigmoid,
            .gatedUnit, .shares:
            nil
        }
    }
}
