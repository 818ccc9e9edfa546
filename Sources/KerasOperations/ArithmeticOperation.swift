import JSON
import KerasGraphs
import ModelGraph
import Platform

/// `x + y`, `x - y`, `x * y`, `x / y` and other functions of two operands: tensors, numbers and constant arrays.
enum ArithmeticOperation: KerasOperation {
    static let computesNumbers = true
    static let functions: [String] = kinds.keys.sorted()

    private enum Kind: Equatable {
        case add, subtract, multiply, divide
        case other(Operation)
    }

    private static let kinds: [String: Kind] = [
        "add": .add, "addv2": .add,
        "subtract": .subtract, "sub": .subtract,
        "multiply": .multiply, "mul": .multiply,
        "divide": .divide, "truediv": .divide, "truedivide": .divide, "realdiv": .divide,
        "floordiv": .other(.elementwise(.floorDivide)), "floordivide": .other(.elementwise(.floorDivide)),
        "mod": .other(.elementwise(.remainder)), "floormod": .other(.elementwise(.remainder)),
        "remainder": .other(.elementwise(.remainder)),
        "pow": .other(.elementwise(.power)), "power": .other(.elementwise(.power)),
        "maximum": .other(.maximum), "minimum": .other(.minimum),
    ]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        let left = call.operand(0, ["x", "x1", "a"]), right = call.operand(1, ["y", "x2", "b"])
        let kind = kinds[call.functionName] ?? .add
        guard left.tensor != nil || right.tensor != nil else {
            // Extents of shapes and positions: numbers that are known all the same.
            let known = call.replacing(arguments: [left, right].map { $0.array.map(KerasValue.array) ?? $0 })
            guard let value = try ConstantOperation.value(of: known) else {
                throw call.unsupported("an operand is neither a tensor nor a number")
            }
            return value
        }
        if let value = left.tensor, let number = right.scalar(for: value),
            let (factor, shift) = straight(kind, number)
        {
            return .tensor(scaled(value, factor, shift, call, &builder))
        }
        if let value = right.tensor, let number = left.scalar(for: value),
            let (factor, shift) = reversed(kind, number)
        {
            return .tensor(scaled(value, factor, shift, call, &builder))
        }
        let operands = try builder.operands([left, right], for: call)
        return .tensor(try of(kind, operands[0], operands[1], call, &builder))
    }

    private static func of(
        _ kind: Kind, _ left: LayerValue, _ right: LayerValue, _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        switch kind {
        case .add: return try builder.combine(.add, [left, right], for: call)
        case .subtract: return try builder.difference(left, right, for: call)
        case .multiply: return try builder.combine(.multiply, [left, right], for: call)
        case .divide:
            var result = try builder.combine(.elementwise(.divide), [left, right], for: call)
            result.isInteger = false
            return result
        case .other(let operation): return try builder.combine(operation, [left, right], for: call)
        }
    }

    /// Factor and summand of `x · number` and the like; `nil` for other functions.
    private static func straight(_ kind: Kind, _ number: Float) -> (Float, Float)? {
        switch kind {
        case .add: (1, number)
        case .subtract: (1, -number)
        case .multiply: (number, 0)
        case .divide: number == 0 ? nil : (1 / number, 0)
        case .other: nil
        }
    }

    /// Factor and summand of `number · x` and the like.
    private static func reversed(_ kind: Kind, _ number: Float) -> (Float, Float)? {
        switch kind {
        case .add: (1, number)
        case .subtract: (-1, number)
        case .multiply: (number, 0)
        case .divide, .other: nil
        }
    }

    private static func scaled(
        _ value: LayerValue, _ factor: Float, _ shift: Float, _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) -> LayerValue {
        var result = builder.scaled(value, factor: factor, shift: shift, for: call).withoutMask
        result.isInteger = value.isInteger && factor.rounded() == factor && shift.rounded() == shift
        if factor == 1, let counted = builder.counted[value.name], shift >= 0, let step = Int(exactly: shift) {
            builder.counted[result.name] = (counted.along, counted.start + step)
            builder.leaveOutUnread(result.name)
        }
        return result
    }
}

extension KerasValue {
    /// A finite number that meets every element of a tensor.
    fileprivate func scalar(for tensor: LayerValue) -> Float? {
        guard let array, let number = array.number, array.shape.count <= tensor.axes.count + 1 else { return nil }
        let value = Float(number)
        return value.isFinite ? value : nil
    }
}
