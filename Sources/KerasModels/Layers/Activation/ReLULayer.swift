import Platform

/// Negative numbers made zero.
enum ReLULayer: KerasLayerClass {
    static let names = ["ReLU"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        try call.refuse(["max_value", "negative_slope", "threshold"])
        return [.tensor(try builder.activated(try call.input(), by: .string("relu"), for: call, part: ""))]
    }
}
