import KerasGraphs
import ModelGraph
import Platform

/// Sums, products, means and extremes of several tensors.
enum MergeLayer: KerasLayerClass {
    static let names = ["Add", "Subtract", "Multiply", "Average", "Minimum", "Maximum"]
    static let options: Set<String>? = []
    static let acceptsLeadingAxes = true

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let inputs = call.tensors
        var result: LayerValue
        switch call.layer.className {
        case "Multiply": result = try builder.combine(.multiply, inputs, for: call)
        case "Minimum": result = try builder.combine(.minimum, inputs, for: call)
        case "Maximum": result = try builder.combine(.maximum, inputs, for: call)
        case "Subtract":
            guard inputs.count == 2 else { throw call.corrupt("has \(inputs.count) inputs") }
            result = try builder.difference(inputs[0], inputs[1], for: call)
        case "Average":
            let sum = try builder.combine(.add, inputs, for: call, part: "sum")
            result = builder.scaled(sum, factor: 1 / Float(inputs.count), shift: 0, for: call)
        default: result = try builder.combine(.add, inputs, for: call)
        }
        result.mask = builder.mergedMask(of: inputs, for: call)
        return [.tensor(result)]
    }
}

extension KerasGraphBuilder {
    /// The mask of several tensors' sum: Keras 2 shows what all masks show and ignores tensors without one; Keras 3
    /// shows what any mask shows, and has none as soon as a tensor has none.
    fileprivate mutating func mergedMask(of inputs: [LayerValue], for call: LayerCall) -> String? {
        let masks = inputs.compactMap(\.mask)
        guard call.generation == .keras3 else { return common(masks, for: call, part: "mask") }
        guard masks.count == inputs.count, let first = masks.first else { return nil }
        if masks.allSatisfy({ $0 == first }) { return first }
        let sum = add(.add, masks, to: call, part: "masks")
        return add(.mask(hidden: 0), [sum], to: call, part: "mask")
    }
}
