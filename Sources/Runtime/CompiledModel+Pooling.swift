import CKernels
import ModelGraph
import Tensors

extension CompiledModel {
    /// One vector a sequence from a value with one row a token, or a pooled value as it is.
    ///
    /// - Parameters:
    ///   - value: An observed value.
    ///   - pooling: How rows become one; ignored for values that hold one row a sequence already.
    ///   - normalize: Whether each vector is divided by its Euclidean norm.
    /// - Returns: `[sequences, width]`, in batch order.
    public func vectors(
        of value: String, for sequences: [TokenSequence], pooling: Pooling = .mean, normalize: Bool = false
    ) throws(RuntimeError) -> Tensor {
        guard let register = schedule.values[value] else { throw .unknownValue(value) }
        let width = schedule.slots[register.index].width
        let result = FloatBuffer(count: sequences.count * width)
        try run(concurrently: sequences) { group in
            guard let matrix = group.value(value) else { return }
            let axis = group.execution.axis(of: register)
            for sequence in group.sequences {
                // Every sequence belongs to one group, so rows of the result are written once.
                let target = result.base + sequence.index * width
                let rows = group.sequence(sequence, alongRowsOf: value)
                if matrix.rows == group.sequences.count, group.isPooled(value) {
                    target.update(from: matrix.base + sequence.number * matrix.stride, count: width)
                } else {
                    Pooling.apply(
                        pooling, rows: matrix.base + rows.rows.lowerBound * matrix.stride, stride: matrix.stride,
                        width: width, keys: rows.visible,
                        first: group.execution.group.first(of: sequence.number, axis: axis), target)
                }
                if normalize { rk_normalize(target, width) }
            }
        }
        return Tensor(shape: [sequences.count, width]) { target in
            target.baseAddress?.update(from: result.base, count: target.count)
        }
    }
}

extension GroupResult {
    /// Whether a value holds one row a sequence.
    public func isPooled(_ name: String) -> Bool {
        execution.schedule.values[name].map { execution.axis(of: $0) == Schedule.sequenceAxis } ?? false
    }
}
