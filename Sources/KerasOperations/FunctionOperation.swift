import KerasGraphs
import ModelGraph
import Platform

/// Functions of each number that no layer has for an activation: `sqrt(x)`, `abs(x)`, `sin(x)`.
enum FunctionOperation: KerasOperation {
    static let computesNumbers = true
    static let functions = known.keys.sorted() + ["negative", "neg", "rsqrt"]

    private static let known: [String: Operation] = [
        "abs": .activation(.absolute), "absolute": .activation(.absolute), "exp": .activation(.exponential),
        "log": .activation(.logarithm), "sqrt": .activation(.squareRoot), "square": .activation(.square),
        "sin": .activation(.sine), "cos": .activation(.cosine), "reciprocal": .activation(.reciprocal),
        "floor": .elementwise(.floor), "ceil": .elementwise(.ceiling), "sign": .elementwise(.sign),
        "round": .elementwise(.rounded), "rint": .elementwise(.rounded),
    ]

    /// Functions that give whole numbers of whole numbers.
    private static let whole: Set<String> = [
        "negative", "neg", "square", "abs", "absolute", "sign", "floor", "ceil", "round", "rint",
    ]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        let input = try call.input().withoutMask
        var result: LayerValue
        switch call.functionName {
        case "negative", "neg": result = builder.scaled(input, factor: -1, shift: 0, for: call)
        case "rsqrt":
            let root = builder.applied(.activation(.squareRoot), to: input, for: call, part: "root")
            result = builder.applied(.activation(.reciprocal), to: root, for: call)
        default:
            guard let operation = known[call.functionName] else { throw call.unsupported("is not known") }
            if call.functionName == "round", (call.config["decimals"]?.intValue ?? 0) != 0 {
                throw call.unsupported("rounds to decimals")
            }
            result = builder.applied(operation, to: input, for: call)
        }
        result.isInteger = input.isInteger && whole.contains(call.functionName)
        return .tensor(result)
    }
}

extension KerasGraphBuilder {
    /// A function of each number of one value.
    mutating func applied(
        _ operation: Operation, to input: LayerValue, for call: LayerCall, part: String = ""
    ) -> LayerValue {
        var result = input.withoutMask
        result.isInteger = false
        result.name = add(operation, [input.name], to: call, part: part)
        return result
    }
}
