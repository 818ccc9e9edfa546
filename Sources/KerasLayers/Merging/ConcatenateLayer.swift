import KerasGraphs
import ModelGraph
import Platform

/// Tensors put one after the other.
enum ConcatenateLayer: KerasLayerClass {
    static let names = ["Concatenate"]
    static let options: Set<String>? = ["axis"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let inputs = call.tensors
        var result = try builder.concatenated(inputs, axis: call.config["axis"]?.intValue ?? -1, for: call)
        result.mask = try mask(of: inputs, result, call, &builder)
        return [.tensor(result)]
    }

    private static func mask(
        of inputs: [LayerValue], _ result: LayerValue, _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> String? {
        let masks = inputs.compactMap(\.mask)
        guard !masks.isEmpty else { return nil }
        let isAlongRows = result.rows != builder.resolved(inputs[0].rows)
        guard isAlongRows else { return builder.common(masks, for: call, part: "mask") }
        guard masks.count == inputs.count else {
            throw call.unsupported("puts rows with a mask and rows without one together")
        }
        return builder.add(.concatenate(.rows), masks, to: call, part: "mask")
    }
}
