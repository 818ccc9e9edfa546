import KerasFiles
import KerasGraphs
import ModelGraph
import Platform
import Tensors

/// `take(table, ids, axis=0)`, `tf.gather(x, [0, 2], axis=1)`: rows of a constant table by ids, or some rows of a
/// tensor.
enum TakeOperation: KerasOperation {
    static let functions = ["take", "gather", "gatherv2"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        let source = call.operand(0, ["x", "params"]), indices = call.operand(1, ["indices"])
        let given = call.keywords["axis"]?.integer ?? call.config["axis"]?.boundedInteger
        if (call.keywords["batch_dims"]?.integer ?? 0) != 0 { throw call.unsupported("looks up sequence by sequence") }
        if let table = source.array, let ids = indices.tensor {
            return .tensor(try rows(of: table, ids, axis: given, call, &builder))
        }
        guard let tensor = source.tensor, let chosen = indices.array, chosen.shape.count <= 1, let axis = given else {
            throw call.unsupported("takes rows that are computed")
        }
        return .tensor(try parts(of: tensor, chosen, axis: axis, call, &builder))
    }

    /// Rows of a constant table by the ids of an input.
    private static func rows(
        of table: ConstantArray, _ ids: LayerValue, axis: Int?, _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        guard !table.isBatched, table.shape.count == 2 || table.shape.count == 1, (axis ?? 0) == 0,
            axis != nil || table.shape.count == 1
        else { throw call.unsupported("looks up rows of a constant \(table.shapeText) along axis \(axis ?? 0)") }
        let rows = table.shape[0], width = table.shape.count == 2 ? table.shape[1] : 1
        let tensor = Tensor(table.values.map { Float($0) }, shape: [rows, width])
        var result = try builder.lookedUp(
            ids, .computed(.init(names: [], shape: [rows, width]) { _ in tensor }), rows: rows, width: width, scale: 1,
            isShared: false, for: call)
        if table.shape.count == 1 { result.axes.removeLast() }
        result.isInteger = table.isInteger
        return result
    }

    /// Some rows or columns of a tensor, one after the other.
    private static func parts(
        of tensor: LayerValue, _ chosen: ConstantArray, axis: Int, _ call: LayerCall,
        _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        let rank = tensor.axes.count + 1
        let position = axis < 0 ? axis + rank : axis
        let numbers = chosen.values.compactMap { Int(exactly: $0) }
        guard (1..<rank).contains(position), !numbers.isEmpty, numbers.count == chosen.values.count,
            numbers.count <= 256
        else { throw call.unsupported("takes \(chosen.values.count) parts along axis \(axis)") }
        let whole = KerasValue.slice(start: .none, stop: .none, step: .none)
        var results: [LayerValue] = []
        for number in numbers {
            let key: KerasValue =
                chosen.shape.isEmpty
                ? .constant(.integer(number))
                : .slice(
                    start: .constant(.integer(number)),
                    stop: number == -1 ? .none : .constant(.integer(number + 1)), step: .none)
            let keys = [KerasValue](repeating: whole, count: position) + [key]
            results.append(try ItemOperation.part(of: tensor, keys, call, &builder))
        }
        return results.count == 1 ? results[0] : try builder.concatenated(results, axis: position, for: call)
    }
}
