import KerasGraphs
import Platform

/// Tensors put one after the other.
enum ConcatenationOperation: KerasOperation {
    static let functions = ["concat", "concatenate"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        let values = call.arguments.first ?? call.keywords["values"] ?? call.keywords["xs"] ?? .none
        let axis = call[1, "axis"].integer ?? call.config["axis"]?.intValue
        let operands = try builder.operands(values.elements, for: call)
        return .tensor(try builder.concatenated(operands, axis: axis ?? 0, for: call))
    }
}
