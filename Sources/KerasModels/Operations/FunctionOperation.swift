import ModelGraph
import Platform

/// Functions of each number that are no activations: `sqrt(x)`, `abs(x)`, `sin(x)`.
enum FunctionOperation: KerasOperation {
    static let computesNumbers = true
    static let functions = functionsByName.keys.sorted() + ["negative", "neg", "square", "rsqrt"]

    private static let functionsByName: [String: Elementwise] = [
        "abs": .absolute, "absolute": .absolute, "exp": .exponential, "log": .logarithm, "sqrt": .squareRoot,
        "sin": .sine, "cos": .cosine, "reciprocal": .reciprocal, "floor": .floor, "ceil": .ceiling, "sign": .sign,
        "round": .rounded, "rint": .rounded,
    ]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        let input = try call.input().withoutMask
        var result: LayerValue
        switch call.functionName {
        case "negative", "neg": result = builder.scaled(input, factor: -1, shift: 0, for: call)
        case "square": result = try builder.combine(.multiply, [input, input], for: call)
        case "rsqrt":
            let root = builder.elementwise(.squareRoot, input, for: call, part: "root")
            result = builder.elementwise(.reciprocal, root, for: call)
        default:
            guard let function = functionsByName[call.functionName] else { throw call.unsupported("is not known") }
            if call.functionName == "round", (call.config["decimals"]?.intValue ?? 0) != 0 {
                throw call.unsupported("rounds to decimals")
            }
            result = builder.elementwise(function, input, for: call)
        }
        result.isInteger = input.isInteger && ["negative", "neg", "square", "abs", "absolute"].contains(call.functionName)
        return .tensor(result)
    }
}

extension KerasGraphBuilder {
    /// A function of each number of one value.
    mutating func elementwise(
        _ function: Elementwise, _ input: LayerValue, for call: LayerCall, part: String = ""
    ) -> LayerValue {
        var result = input.withoutMask
        result.isInteger = false
        result.name = add(.elementwise(function), [input.name], to: call, part: part)
        return result
    }
}
