import JSON
import KerasFiles

extension KerasLayer {
    /// Whether it is an operation on tensors rather than a layer: `x + y`, `x[:, 0]`.
    package var isOperation: Bool {
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

    /// The function that a recorded operation calls, as `KerasOperation.functions` spell it:
    /// `__operators__.add` → `add`.
    package var functionName: String {
        let function = config["function"]?.stringValue ?? className
        let name = function.split(separator: ".").last.map(String.init) ?? function
        return name.filter { $0 != "_" }.lowercased()
    }
}
