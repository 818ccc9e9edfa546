import ModelGraph
import Platform

extension KerasGraphBuilder {
    /// Values one after the other along an axis of the framework's tensors, the batch counted.
    package mutating func concatenated(
        _ inputs: [LayerValue], axis: Int, for call: LayerCall
    ) throws(Problem) -> LayerValue {
        guard var result = inputs.first, inputs.count >= 2 else {
            throw call.unsupported("puts \(inputs.count) tensors together")
        }
        let position = axis < 0 ? axis + result.axes.count : axis - 1
        guard result.axes.indices.contains(position), inputs.allSatisfy({ $0.axes.count == result.axes.count }) else {
            throw call.unsupported("axis \(axis) of \(inputs.map(\.shapeText).joined(separator: ", "))")
        }
        result.mask = nil
        result.isInteger = inputs.allSatisfy(\.isInteger)
        if result.axes[position] == .width {
            for input in inputs.dropFirst() {
                guard input.axes[position] == .width, unify(input.rows, result.rows) else {
                    throw call.unsupported("tensors \(result.shapeText) and \(input.shapeText) side by side")
                }
                result.width += input.width
            }
            result.name = add(.concatenate(.width), inputs.map(\.name), to: call)
            return result
        }
        let rowAxes = result.axes.filter(\.isRows).count
        var extent: Int? = 0
        var rows: RowSpace?
        for input in inputs {
            guard rowAxes <= 1, input.width == result.width,
                input.axes.indices.allSatisfy({
                    $0 == position || input.axes[$0] == result.axes[$0]
                })
            else { throw call.unsupported("tensors \(result.shapeText) and \(input.shapeText) one after the other") }
            // A single row a sequence has no row axis of its own.
            let own = resolved(input.rows)
            rows =
                try rows.map { rows throws(Problem) in
                    guard let joined = rows.joined(with: own) else {
                        throw call.unsupported("rows along \(rows) and \(own) one after the other")
                    }
                    return joined
                } ?? (own == .sequences ? .count(1) : own)
            if case .rows(let count) = input.axes[position] {
                extent = extent.flatMap { known in count.map { known + $0 } }
            } else {
                extent = extent.map { $0 + 1 }
            }
        }
        result.axes[position] = .rows(extent)
        result.rows = rows ?? result.rows
        result.name = add(.concatenate(.rows), inputs.map(\.name), to: call)
        return result
    }
}
