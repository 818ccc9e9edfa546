import JSON
import KerasGraphs
import Platform

/// A function of each number: the one that the configuration names, or the one of a class of its own.
enum ActivationLayer: KerasLayerClass {
    static let names = ["Activation"] + KerasActivation.all.flatMap(\.layers).filter { $0 != "Softmax" }
    static let acceptsLeadingAxes = true
    static let options: Set<String>? = Set(KerasActivation.all.flatMap { $0.options.joined() }).union(["activation"])

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let input = try call.input()
        guard call.layer.className != "Activation", let own = KerasActivation.ofLayer(call.layer.className) else {
            return [.tensor(try builder.activated(input, by: call.config["activation"], for: call, part: ""))]
        }
        let options = ActivationOptions(call, config: call.config, isLayer: true)
        return [.tensor(try builder.activated(input, by: own, options, part: ""))]
    }
}
