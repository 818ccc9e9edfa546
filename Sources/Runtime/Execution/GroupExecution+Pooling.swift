import CKernels
import ModelGraph

extension GroupExecution {
    /// Pools the rows of every sequence.
    func pool(_ step: PoolStep) {
        let source = address(step.input), target = address(step.out)
        let axis = schedule.axis(of: step.input)
        let positions = group.positions(axis: axis)
        for member in group.members.indices {
            let own = group.axes[axis].rows(of: member)
            let out = target.base + member * target.slot.stride
            let rows = view(source, own)
            if let mask = step.mask {
                // A row that only queries is no part of the text.
                let count = axis == Schedule.tokenAxis ? min(group.keys(of: member, axis: axis), own.count) : own.count
                let counted = own.prefix(count)
                step.pooling.pool(
                    view(source, counted), shownBy: view(address(mask), counted), positions: positions?[counted],
                    into: out, kernels)
            } else {
                step.pooling.pool(
                    rows, keys: group.keys(of: member, axis: axis), first: group.firstRow(of: member, axis: axis),
                    positions: positions?[own], into: out, kernels)
            }
        }
    }

    private func view(
        _ value: (base: UnsafeMutablePointer<Float>, slot: Slot), _ rows: Range<Int>
    ) -> MatrixView {
        MatrixView(
            base: value.base + rows.lowerBound * value.slot.stride, rows: rows.count, columns: value.slot.width,
            stride: value.slot.stride)
    }
}

extension Pooling {
    /// Pools the rows of one sequence; zeros when no row counts.
    ///
    /// - Parameters:
    ///   - keys: Rows that count, from the first on.
    ///   - first: Row of the first position; `nil`: the first row.
    ///   - positions: Where each row stands in its sequence; `nil`: where it is.
    ///   - out: Where the `columns` floats go.
    func pool(
        _ rows: MatrixView, keys: Int, first: Int?, positions: ArraySlice<Int32>?,
        into out: UnsafeMutablePointer<Float>, _ kernels: KernelSet
    ) {
        let width = rows.columns
        func copy(_ row: Int?) {
            if let row {
                out.update(from: rows.base + row * rows.stride, count: width)
            } else {
                out.update(repeating: 0, count: width)
            }
        }
        switch self {
        case .first: copy(first ?? (keys > 0 ? 0 : nil))
        case .last: copy(keys > 0 ? keys - 1 : nil)
        case .mean: keys > 0 ? rk_mean_rows(kernels.table, rows.base, rows.stride, keys, width, out) : copy(nil)
        case .max:
            copy(keys > 0 ? 0 : nil)
            for row in 0..<keys {
                for column in 0..<width { out[column] = Swift.max(out[column], rows.base[row * rows.stride + column]) }
            }
        case .meanSquareRoot:
            sum(rows, keys: keys, shownBy: nil, positions: nil, into: out)
        case .weightedMean:
            sum(rows, keys: keys, shownBy: nil, positions: positions, into: out)
        }
    }

    /// Pools the rows that a mask shows: their mean or their largest elements, zeros when it shows none; the first or
    /// the last of them, the very first row when it shows none.
    ///
    /// - Parameter mask: One column, 0 where a row does not count.
    func pool(
        _ rows: MatrixView, shownBy mask: MatrixView, positions: ArraySlice<Int32>?,
        into out: UnsafeMutablePointer<Float>, _ kernels: KernelSet
    ) {
        if self == .meanSquareRoot || self == .weightedMean {
            return sum(rows, keys: rows.rows, shownBy: mask, positions: positions, into: out)
        }
        let width = rows.columns
        // A single row: the first or the last that is shown; where none is, the first one, as the frameworks do.
        if self == .first || self == .last {
            let shown = (0..<rows.rows).filter { mask.base[$0 * mask.stride] != 0 }
            guard let row = (self == .first ? shown.first : shown.last) ?? (rows.rows > 0 ? 0 : nil) else {
                return out.update(repeating: 0, count: width)
            }
            return out.update(from: rows.base + row * rows.stride, count: width)
        }
        var shown = 0
        for row in 0..<rows.rows where mask.base[row * mask.stride] != 0 {
            let source = rows.base + row * rows.stride
            if shown == 0 {
                out.update(from: source, count: width)
            } else if self == .max {
                for column in 0..<width { out[column] = Swift.max(out[column], source[column]) }
            } else {
                rk_add(kernels.table, out, source, width, out)
            }
            shown += 1
        }
        if shown == 0 { out.update(repeating: 0, count: width) }
        if shown > 1, self == .mean {
            for column in 0..<width { out[column] /= Float(shown) }
        }
    }
}
