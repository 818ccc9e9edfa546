import JSON
import KerasGraphs
import Platform

/// The same numbers under another shape, whose extents may be those of tensors: `[batch, rows, 24]`.
enum ReshapeOperation: KerasOperation {
    static let functions = ["reshape"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        let input = try call.input()
        let given = call[1, "shape"]
        let extents: [KerasValue]
        switch given.isNone ? .constant(call.config["newshape"] ?? .null) : given {
        case .list(let values): extents = values
        case .constant(let value): extents = (value.arrayValue ?? []).map { .constant($0) }
        default: extents = []
        }
        guard extents.count >= 2 else { throw call.unsupported("a shape that is not followed") }
        return .tensor(try builder.reshaped(input, to: extents.dropFirst().map(\.integer), for: call))
    }
}
