import CKernels
import ModelGraph
import Tensors

extension CompiledModel {
    /// One vector a sequence from a value with one row a token, or a pooled value as it is. Rows that a mask among the
    /// graph's values hides do not count where the mask is observed too (`Graph.rowMasks`).
    ///
    /// - Parameters:
    ///   - value: An observed value.
    ///   - pooling: How rows become one; ignored for values that hold one row a sequence already.
    ///   - normalize: Whether each vector is divided by its Euclidean norm.
    /// - Returns: `[sequences, width]`, in batch order.
    package func vectors(
        of value: String, for sequences: [ModelInput], pooling: Pooling = .mean, normalize: Bool = false
    ) throws(RuntimeError) -> Tensor {
        guard let register = schedule.values[value] else { throw .unknownValue(value) }
        let width = schedule.slots[register.index].width
        let result = FloatBuffer(count: sequences.count * width)
        let masks = graph.rowMasks
        try run(concurrently: sequences) { group in
            guard let matrix = group.value(value) else { return }
            let axis = group.execution.schedule.axis(of: register)
            for sequence in group.sequences {
                // Every sequence belongs to one group, so rows of the result are written once.
                let target = result.base + sequence.index * width
                let rows = group.sequence(sequence, alongRowsOf: value)
                if matrix.rows == group.sequences.count, group.isPooled(value) {
                    target.update(from: matrix.base + sequence.number * matrix.stride, count: width)
                } else {
                    let view = MatrixView(
                        base: matrix.base + rows.rows.lowerBound * matrix.stride, rows: rows.visible, columns: width,
                        stride: matrix.stride)
                    let mask = masks[schedule.axes[axis]].flatMap { group.mask($0, of: sequence) }
                    let positions = group.execution.group.positions(axis: axis)?[rows.rows]
                    if let mask, pooling != .first, pooling != .last {
                        pooling.pool(view, shownBy: mask, positions: positions, into: target, resources.kernels)
                    } else {
                        let shown = mask.map { $0.lastShown(of: rows.visible) } ?? rows.visible
                        pooling.pool(
                            view, keys: pooling == .last ? shown : rows.visible,
                            first: group.execution.group.firstRow(of: sequence.number, axis: axis),
                            positions: positions, into: target, resources.kernels)
                    }
                }
                if normalize { rk_normalize(resources.kernels.table, target, width) }
            }
        }
        return Tensor(shape: [sequences.count, width]) { target in
            target.baseAddress?.update(from: result.base, count: target.count)
        }
    }
}

extension GroupResult {
    /// Whether a value holds one row a sequence.
    package func isPooled(_ name: String) -> Bool {
        execution.schedule.values[name].map { execution.schedule.axis(of: $0) == Schedule.sequenceAxis } ?? false
    }
}

extension GroupResult {
    /// The rows of an observed mask that belong to a sequence.
    fileprivate func mask(_ name: String, of sequence: Sequence) -> MatrixView? {
        guard let view = value(name) else { return nil }
        let rows = self.sequence(sequence, alongRowsOf: name).rows
        return MatrixView(
            base: view.base + rows.lowerBound * view.stride, rows: rows.count, columns: 1, stride: view.stride)
    }
}

extension MatrixView {
    /// Number of rows up to the last one that a mask shows.
    fileprivate func lastShown(of count: Int) -> Int {
        (0..<min(count, rows)).last { base[$0 * stride] != 0 }.map { $0 + 1 } ?? 0
    }
}
