import KerasFiles
import KerasGraphs
import ModelGraph
import Platform
import Tensors

/// Negative numbers times learned ones: one a place, shared along some axes.
enum PReLULayer: KerasLayerClass {
    static let names = ["PReLU"]
    static let options: Set<String>? = ["shared_axes"]

    static func variables(of layer: KerasLayer) -> [VariableGroup] { [VariableGroup("", ["alpha"])] }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let input = try call.input()
        guard let alpha = builder.variables.tensors(of: call.path).first, alpha.shape.count > 0 else {
            throw call.corrupt("has no \"alpha\"")
        }
        // Shared axes have extent 1.
        let shared = Set((call.config["shared_axes"]?.arrayValue ?? []).compactMap(\.intValue))
        let isExpected = zip(alpha.shape.extents, input.extents).enumerated().allSatisfy { axis, pair in
            shared.contains(axis + 1) ? pair.0 == 1 : pair.0 == pair.1
        }
        guard isExpected, alpha.shape.extents.count == input.axes.count else {
            throw call.corrupt("\(alpha.name.printable) has shape \(alpha.shape) for \(input.shapeText)")
        }
        let factors = StoredFactors(names: [alpha.name], extents: alpha.shape.extents) { $0[0].floats }
        var positive = input
        positive.name = builder.add(.activation(.relu), [input.name], to: call, part: "positive")
        var negative = builder.scaled(input, factor: -1, shift: 0, for: call, part: "reversed")
        negative.name = builder.add(.activation(.relu), [negative.name], to: call, part: "negative")
        let below = try builder.multiplied(negative, by: factors, factor: -1, for: call, part: "below")
        positive.name = builder.add(.add, [positive.name, below.name], to: call)
        positive.isInteger = false
        return [.tensor(positive)]
    }
}
