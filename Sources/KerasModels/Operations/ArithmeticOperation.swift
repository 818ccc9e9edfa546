import JSON
import ModelGraph
import Platform

/// `x + y`, `x - y`, `x * y`, `x / y` of two tensors, or of a tensor and a number.
enum ArithmeticOperation: KerasOperation {
    static let functions: [String] = kinds.keys.sorted()

    private enum Kind { case add, subtract, multiply, divide }

    private static let kinds: [String: Kind] = [
        "add": .add, "addv2": .add,
        "subtract": .subtract, "sub": .subtract,
        "multiply": .multiply, "mul": .multiply,
        "divide": .divide, "truediv": .divide, "truedivide": .divide, "realdiv": .divide,
    ]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        let left = call.operand(0, ["x", "x1", "a"]), right = call.operand(1, ["y", "x2", "b"])
        let kind = kinds[call.functionName] ?? .add
        switch (left.tensor, right.tensor) {
        case (let left?, let right?): return .tensor(try of(kind, left, right, call, &builder))
        case (let value?, nil):
            guard let number = right.number, kind != .divide || number != 0 else { break }
            let (factor, shift): (Float, Float) =
                switch kind {
                case .add: (1, number)
                case .subtract: (1, -number)
                case .multiply: (number, 0)
                case .divide: (1 / number, 0)
                }
            return .tensor(builder.scaled(value, factor: factor, shift: shift, for: call).withoutMask)
        case (nil, let value?):
            guard let number = left.number else { break }
            let (factor, shift): (Float, Float) =
                switch kind {
                case .add: (1, number)
                case .subtract: (-1, number)
                case .multiply: (number, 0)
                case .divide: throw call.unsupported("divides by a tensor")
                }
            return .tensor(builder.scaled(value, factor: factor, shift: shift, for: call).withoutMask)
        case (nil, nil): break
        }
        throw call.unsupported("an operand is neither a tensor nor a number")
    }

    private static func of(
        _ kind: Kind, _ left: LayerValue, _ right: LayerValue, _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        switch kind {
        case .add: try builder.combine(.add, [left, right], for: call)
        case .subtract: try builder.difference(left, right, for: call)
        case .multiply: try builder.combine(.multiply, [left, right], for: call)
        case .divide: throw call.unsupported("divides by a tensor")
        }
    }
}

extension KerasValue {
    /// A finite number of the configuration.
    fileprivate var number: Float? {
        constant?.doubleValue.map(Float.init).flatMap { $0.isFinite ? $0 : nil }
    }
}
