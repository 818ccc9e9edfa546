import KerasGraphs
import Platform

/// `stack([x, y], axis)`: tensors along a new axis; of extents a shape.
enum StackOperation: KerasOperation {
    static let functions = ["stack", "pack"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        let list = call.operand(0, ["values", "x", "xs"]).elements
        if list.allSatisfy({ $0.tensors.isEmpty }) { return .list(list) }
        let given = call.keywords["axis"]?.integer ?? call.config["axis"]?.boundedInteger ?? 0
        let operands = try builder.operands(list, for: call)
        let axis = given < 0 ? given + operands[0].axes.count + 2 : given
        guard axis > 0, axis <= operands[0].axes.count + 1 else { throw call.unsupported("stacks along axis \(given)") }
        var raised: [LayerValue] = []
        for operand in operands { raised.append(try AxisOperation.inserted(axis, into: operand, call, &builder)) }
        return .tensor(raised.count == 1 ? raised[0] : try builder.concatenated(raised, axis: axis, for: call))
    }
}
