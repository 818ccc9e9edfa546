import JSON
import KerasGraphs
import Platform

/// What documents of custom layers write in one step where Keras takes several.
///
/// `positions`: the numbers of a tensor's rows. `first_rows`: as many rows as `count` says, `x[:, :n]`. `row`: the one
/// at `index`, `x[:, 0]`.
enum RowsOperation: KerasOperation {
    static let functions = ["positions", "firstrows", "row"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        switch call.functionName {
        case "positions": return .positions(try call.input())
        case "row": return .tensor(try ItemOperation.rows(call.keywords["index"] ?? .none, call, &builder))
        default:
            let end = KerasValue.constant(.integer(call.keywords["count"]?.integer ?? 0))
            return .tensor(try ItemOperation.rows(.slice(start: .none, stop: end, step: .none), call, &builder))
        }
    }
}
