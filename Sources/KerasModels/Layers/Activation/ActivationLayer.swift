import JSON
import Platform

/// A function of each number: the one that the configuration names, or the one of a class without options.
enum ActivationLayer: KerasLayerClass {
    static let names = ["Activation"] + KerasActivation.all.flatMap(\.layers)

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let name = call.layer.className == "Activation" ? call.config["activation"] : .string(call.layer.className)
        return [.tensor(try builder.activated(try call.input(), by: name, for: call, part: ""))]
    }
}
