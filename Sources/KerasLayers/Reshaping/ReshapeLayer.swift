import JSON
import KerasGraphs
import Platform

/// The same numbers under another shape.
enum ReshapeLayer: KerasLayerClass {
    static let names = ["Reshape"]
    static let options: Set<String>? = ["target_shape"]
    static let acceptsLeadingAxes = true

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let input = try call.input()
        guard let shape = call.config["target_shape"]?.arrayValue, shape.allSatisfy({ $0.intValue != nil }) else {
            throw call.corrupt("\"target_shape\" is missing")
        }
        let leading = input.extents.prefix(call.leadingAxes)
        return [.tensor(try builder.reshaped(input, to: leading + shape.map { $0.intValue }, for: call))]
    }
}
