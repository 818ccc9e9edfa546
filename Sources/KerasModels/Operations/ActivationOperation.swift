import JSON
import ModelGraph
import Platform

/// A function of each number, or the softmax of each row.
enum ActivationOperation: KerasOperation {
    static let functions = KerasActivation.all.filter { $0.function != .identity }.flatMap(\.names)

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        let input = try call.input()
        let isApproximate = call.functionName == "gelu" && call[1, "approximate"].constant?.boolValue == true
        let name = isApproximate ? "gelu_tanh" : call.functionName
        return .tensor(try builder.activated(input, by: .string(name), for: call, part: "").withoutMask)
    }
}
