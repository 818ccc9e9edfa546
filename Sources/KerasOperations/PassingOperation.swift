import KerasGraphs
import Platform

/// Functions that change no number: what concerns gradients only.
enum PassingOperation: KerasOperation {
    static let functions = ["identity", "stopgradient", "converttotensor", "convertkerastensor"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        call.first
    }
}
