import JSON
import KerasFiles
import KerasGraphs
import Platform

/// A part of a constant array: `table[:, :n]`, `table[None]`, `table[0]`.
struct ArrayPart {
    private let array: ConstantArray
    private let keys: [KerasValue]
    private let call: LayerCall

    /// - Parameter keys: One an axis; axes without one are taken whole.
    init(_ array: ConstantArray, keys: [KerasValue], _ call: LayerCall) {
        self.array = array
        self.keys = keys
        self.call = call
    }

    /// The part; a tensor where an index is as long as a sequence is.
    func value(in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        var result = array
        var axis = 0
        /// An axis that is cut to the length of a tensor's rows.
        var open: (axis: Int, along: LayerValue)?
        for key in keys {
            if key.isNone {
                guard let more = result.inserting(axis: axis) else { throw refusal }
                result = more
                axis += 1
                continue
            }
            guard result.shape.indices.contains(axis) else { throw refusal }
            let extent = result.shape[axis]
            if key.isWhole {
                axis += 1
            } else if let index = key.integer {
                let place = index < 0 ? index + extent : index
                guard (0..<extent).contains(place), let row = result.selecting([place], along: axis),
                    let taken = row.removing(axes: [axis])
                else { throw refusal }
                result = taken
            } else if let (start, count, step, _) = key.range(of: extent) {
                let indices = Array(stride(from: start, to: start + count, by: step))
                guard let part = result.selecting(indices, along: axis) else { throw refusal }
                result = part
                axis += 1
            } else if open == nil, let along = key.openEnd {
                open = (axis, along)
                axis += 1
            } else {
                throw refusal
            }
        }
        guard let open else { return .array(result) }
        return .tensor(try rows(of: result, axis: open.axis, along: open.along, &builder))
    }

    private var refusal: Problem { call.unsupported("such a part of a constant \(array.shapeText)") }

    /// The first rows of a table, as many as a tensor has.
    private func rows(
        of array: ConstantArray, axis: Int, along value: LayerValue, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        let shape = array.shape
        // `[rows, width]` or `[1, rows, width]`.
        let rank = shape.count
        guard rank == axis + 2 || rank == axis + 1, axis <= 1, axis == 0 || shape[0] == 1 else { throw refusal }
        let width = rank == axis + 2 ? shape[axis + 1] : 1
        let name = builder.constantRows(
            array.values.map { Float($0) }, count: shape[axis], width: width, along: value, for: call)
        let row = value.axes.first(where: \.isRows) ?? .rows(nil)
        var result = LayerValue(
            name: name, axes: rank == axis + 2 ? [row, .width] : [row], rows: value.rows, width: width,
            isInteger: array.isInteger)
        result.hasBatch = axis == 1
        return result
    }
}

extension KerasValue {
    /// The tensor whose rows are counted, of `:n` where n is their unknown number.
    fileprivate var openEnd: LayerValue? {
        guard case .slice(let start, let stop, let step) = self, start.isNone || start.integer == 0,
            step.isNone || step.integer == 1, case .extent(let value, let axis) = stop, axis > 0,
            axis <= value.axes.count, value.axes[axis - 1].isRows, value.axes.filter(\.isRows).count == 1
        else { return nil }
        return value
    }
}
