import JSON
import KerasGraphs
import ModelGraph
import Platform

/// A function of each number, or shares of each row, with the numbers that the call gives it.
enum ActivationOperation: KerasOperation {
    static let functions = byFunction.keys.sorted()

    /// By the names of functions and of classes, without underscores and capitals.
    private static let byFunction = Dictionary(
        KerasActivation.all.filter { $0.function != .identity }.flatMap { activation in
            (activation.names + activation.layers).map { ($0.filter { $0 != "_" }.lowercased(), activation) }
        }, uniquingKeysWith: { first, _ in first })

    /// What a call may say of a function: its numbers, and operands under names of their own; `nil` for functions that
    /// are no activations.
    static func options(of function: String) -> Set<String>? {
        byFunction[function].map { Set($0.options.joined()).union(["features", "logits", "training"]) }
    }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        guard let activation = byFunction[call.functionName] else {
            throw call.unsupported("the operation \"\(call.functionName.printable)\" is not known")
        }
        let input = try call.input()
        return .tensor(
            try builder.activated(input, by: activation, ActivationOptions(recorded: call), part: "").withoutMask)
    }
}
