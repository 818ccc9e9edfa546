import CKernels
import Tensors

extension GroupExecution {
    /// Sums the rows of an embedding's tables.
    func lookUp(_ step: EmbedStep, _ share: RowShare) {
        let rows = share.ownRows
        guard !rows.isEmpty else { return }
        let (out, slot) = start(step.out, share, row: rows.lowerBound)
        func add(_ table: LookUpTable?, _ indices: [Int32], scale: Float, accumulate: Bool) {
            guard let table else { return }
            indices.withUnsafeBufferPointer { indices in
                let wanted = UnsafeBufferPointer(rebasing: indices[rows])
                if let scales = table.scale {
                    gather(table.values, scales, wanted, scale, accumulate, out, slot)
                    return
                }
                table.values.withFloats { table in
                    guard let table = table.baseAddress, let indices = wanted.baseAddress else { return }
                    rk_gather(
                        kernels.table, table, slot.width, indices, rows.count, scale, accumulate ? 1 : 0, out,
                        slot.stride)
                }
            }
        }
        switch step.source {
        case .text, .shiftedText:
            add(step.tokens, group.ids(of: step.source), scale: step.scale, accumulate: false)
            add(step.positions, group.tokens.tableRows, scale: 1, accumulate: true)
            add(step.types, group.tokens.types, scale: 1, accumulate: true)
        case .inputs(let tokens, let types):
            add(step.tokens, group.inputs[tokens].ids, scale: step.scale, accumulate: false)
            add(step.positions, group.inputs[tokens].tableRows, scale: 1, accumulate: true)
            if let types { add(step.types, group.inputs[types].ids, scale: 1, accumulate: true) }
        }
    }

    /// Rows of 8-bit values: value · scale of the row, rounded, times `scale`, rounded, added to what is there.
    private func gather(
        _ values: Tensor, _ scales: Tensor, _ indices: UnsafeBufferPointer<Int32>, _ scale: Float,
        _ accumulate: Bool, _ out: UnsafeMutablePointer<Float>, _ slot: Slot
    ) {
        values.withUnsafeBytes { bytes in
            scales.withFloats { scales in
                guard let base = bytes.baseAddress?.assumingMemoryBound(to: Int8.self) else { return }
                for (offset, index) in indices.enumerated() {
                    let row = base + Int(index) * slot.width, target = out + offset * slot.stride
                    let factor = scales[Int(index)]
                    for column in 0..<slot.width {
                        let value = Float(row[column]) * factor * scale
                        target[column] = accumulate ? target[column] + value : value
                    }
                }
            }
        }
    }
}
