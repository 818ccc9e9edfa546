import KerasGraphs
import ModelGraph
import Platform

/// `x != 0`, `x > y` …: 1 where it holds, 0 elsewhere.
enum ComparisonOperation: KerasOperation {
    static let computesNumbers = true
    static let functions = ["notequal", "equal", "less", "lessequal", "greater", "greaterequal"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        let left = call.operand(0, ["x", "x1"]), right = call.operand(1, ["y", "x2"])
        // Which rows are not padding: the mask of a column of ids.
        if call.functionName == "notequal", let value = left.tensor ?? right.tensor, value.isColumn,
            let hidden = (left.tensor == nil ? left : right).array?.number.map(Float.init), hidden.isFinite
        {
            var result = value.withoutMask
            result.isInteger = true
            result.name = builder.add(.mask(hidden: hidden), [value.name], to: call)
            return .tensor(result)
        }
        var operands = try builder.operands([left, right], for: call)
        let function: Elementwise
        switch call.functionName {
        case "equal": function = .equal
        case "less": function = .less
        case "lessequal": function = .lessOrEqual
        case "greater":
            function = .less
            operands.swapAt(0, 1)
        case "greaterequal":
            function = .lessOrEqual
            operands.swapAt(0, 1)
        default: function = .notEqual
        }
        var result = try builder.combine(.elementwise(function), operands, for: call)
        result.isInteger = true
        return .tensor(result)
    }
}

/// `a & b`, `a | b`, `~a` of flags: whatever is not 0 counts as true.
enum LogicalOperation: KerasOperation {
    static let functions = [
        "logicaland", "logicalor", "logicalxor", "logicalnot", "bitwiseand", "bitwiseor", "and", "or",
    ]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        let name = call.functionName
        if name.hasPrefix("bitwise"), !call.tensors.allSatisfy(\.isInteger) {
            throw call.unsupported("of numbers that are no flags")
        }
        if name == "logicalnot" {
            let flags = try builder.flags(try call.input(), for: call, part: "flags")
            var result = builder.scaled(flags, factor: -1, shift: 1, for: call).withoutMask
            result.isInteger = true
            return .tensor(result)
        }
        let given = try builder.operands([call.operand(0, ["x", "x1"]), call.operand(1, ["y", "x2"])], for: call)
        var operands: [LayerValue] = []
        for (number, operand) in given.enumerated() {
            operands.append(try builder.flags(operand, for: call, part: "flags\(number)"))
        }
        var result: LayerValue
        if name.hasSuffix("and") {
            result = try builder.combine(.multiply, operands, for: call)
        } else {
            result = try builder.combine(
                name.hasSuffix("xor") ? .elementwise(.notEqual) : .maximum, operands, for: call)
        }
        result.isInteger = true
        return .tensor(result)
    }
}

/// `where(condition, x, y)`.
enum SelectOperation: KerasOperation {
    static let functions = ["where", "wherev2", "selectv2"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        let operands = try builder.operands(
            [call.operand(0, ["condition"]), call.operand(1, ["x1", "x"]), call.operand(2, ["x2", "y"])], for: call)
        var result = try builder.combine(.elementwise(.select), operands, for: call)
        result.isInteger = operands[1].isInteger && operands[2].isInteger
        return .tensor(result)
    }
}

extension KerasGraphBuilder {
    /// 1 where a number is not 0.
    mutating func flags(_ value: LayerValue, for call: LayerCall, part: String) throws(Problem) -> LayerValue {
        var result = value.withoutMask
        result.isInteger = true
        // Comparisons give nothing but 0 and 1.
        if let node = nodes.last(where: { $0.name == value.name }) {
            switch node.operation {
            case .mask, .elementwise(.equal), .elementwise(.notEqual), .elementwise(.less), .elementwise(.lessOrEqual):
                return result
            default: break
            }
        }
        if value.width == 1 {
            result.name = add(.mask(hidden: 0), [value.name], to: call, part: part)
            return result
        }
        let zero = try operands([.tensor(value), .constant(.integer(0))], for: call)
        result.name = add(.elementwise(.notEqual), zero.map(\.name), to: call, part: part)
        return result
    }
}
