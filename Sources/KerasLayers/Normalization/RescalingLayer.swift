import JSON
import KerasFiles
import KerasGraphs
import ModelGraph
import Platform

/// `x · scale + offset` with numbers of the configuration: one for all, or one a column.
enum RescalingLayer: KerasLayerClass {
    static let names = ["Rescaling"]
    static let options: Set<String>? = ["scale", "offset"]

    static let acceptsLeadingAxes = true

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let input = try call.input()
        guard let scale = numbers(call.config["scale"], default: 1),
            let offset = numbers(call.config["offset"], default: 0)
        else { throw call.corrupt("\"scale\" or \"offset\" is no number") }
        if let factor = scale.number, let shift = offset.number {
            guard factor.isFinite, shift.isFinite else { throw call.corrupt("scale \(factor), offset \(shift)") }
            return [.tensor(builder.scaled(input, factor: Float(factor), shift: Float(shift), for: call))]
        }
        let factors = try builder.operands([.tensor(input), .array(scale)], for: call)
        let product = try builder.combine(.multiply, factors, for: call, part: "scaled")
        let summands = try builder.operands([.tensor(product), .array(offset)], for: call)
        var result = try builder.combine(.add, summands, for: call)
        result.mask = input.mask
        return [.tensor(result)]
    }

    private static func numbers(_ value: JSONValue?, default number: Double) -> ConstantArray? {
        guard let value, !value.isNull else { return ConstantArray(number) }
        return ConstantArray(value)
    }
}
