import JSON
import KerasGraphs
import Platform

/// The softmax along an axis.
enum SoftmaxLayer: KerasLayerClass {
    static let names = ["Softmax"]
    static let options: Set<String>? = ["axis"]
    static let acceptsLeadingAxes = true

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let input = try call.input()
        // Unlike other activations it leaves out what a mask hides, element by element.
        guard input.mask == nil, call[1, "mask"].isNone else {
            throw call.unsupported("softmax of a tensor with a mask")
        }
        guard let softmax = KerasActivation.ofLayer("Softmax") else { return [.tensor(input)] }
        let options = ActivationOptions(call, config: call.config, isLayer: true)
        return [.tensor(try builder.activated(input, by: softmax, options, part: ""))]
    }
}
