import Platform

/// Functions that change no number: casts between types of numbers, and what concerns gradients only.
enum PassingOperation: KerasOperation {
    static let functions = ["identity", "cast", "castto", "stopgradient"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        call.first
    }
}
