import ModelGraph
import Platform

/// `x != 0`: which rows are not padding.
enum ComparisonOperation: KerasOperation {
    static let functions = ["notequal"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        let value = try call.input()
        let numbers = [call.operand(0, ["x", "x1"]), call.operand(1, ["y", "x2"])].compactMap {
            $0.constant?.doubleValue
        }
        guard value.isColumn, let hidden = numbers.first.map(Float.init), hidden.isFinite else {
            throw call.unsupported("compares \(value.shapeText)")
        }
        var result = value.withoutMask
        result.name = builder.add(.mask(hidden: hidden), [value.name], to: call)
        return .tensor(result)
    }
}
