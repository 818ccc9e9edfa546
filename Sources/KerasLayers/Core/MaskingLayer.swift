import KerasGraphs
import ModelGraph
import Platform

/// Hides rows whose numbers are all the same, and sets them to zero.
enum MaskingLayer: KerasLayerClass {
    static let names = ["Masking"]
    static let options: Set<String>? = ["mask_value"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let input = try call.input()
        guard input.isStream else { throw call.unsupported("masks a tensor \(input.shapeText)") }
        let value = try call.number("mask_value", default: 0)
        let mask = builder.add(.mask(hidden: value), [input.name], to: call, part: "mask")
        var result = input
        result.name = builder.add(.multiply, [input.name, mask], to: call)
        result.mask = mask
        return [.tensor(result)]
    }
}
