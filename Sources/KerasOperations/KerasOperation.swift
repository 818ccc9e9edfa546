import KerasGraphs
import Platform

/// A function on tensors that Keras records in a model as if it were a layer: `x + y`, `x[:, 0]`, `tf.shape(x)`.
///
/// A new function is a file with a type that conforms, and a line in `BuiltInOperations`; a function of each number
/// is a line in `KerasActivation` instead.
protocol KerasOperation: Sendable {
    /// Names of the functions without module, underscores and capitals: `truedivide` for `keras.ops.true_divide`.
    ///
    /// Keras 2 names TensorFlow's functions, Keras 3 classes of its own.
    static var functions: [String] { get }

    /// Whether it computes numbers from numbers, whatever they count.
    static var computesNumbers: Bool { get }

    /// Adds one call to the graph, or reckons with what is known without one: a shape, one of its extents.
    ///
    /// - Throws: `unsupported` for what is not computed here.
    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue
}

extension KerasOperation {
    static var computesNumbers: Bool { false }
}

extension LayerCall {
    /// The function that a recorded operation calls.
    var functionName: String { layer.functionName }

    /// One of two operands, by its position or by whichever name the function gives it.
    func operand(_ position: Int, _ names: [String]) -> KerasValue {
        if arguments.indices.contains(position) { return arguments[position] }
        return names.compactMap { keywords[$0] }.first ?? .none
    }

    /// The one axis that a call or an operation's configuration names; lists of one are the same.
    var axis: Int? {
        let given = self[1, "axis"]
        if let axis = given.integer { return axis }
        if case .list(let axes) = given, axes.count == 1 { return axes[0].integer }
        let named = given.constant.flatMap { $0.isNull ? nil : $0 } ?? config["axis"] ?? .null
        if let axes = named.arrayValue { return axes.count == 1 ? axes[0].intValue : nil }
        return named.intValue
    }
}
