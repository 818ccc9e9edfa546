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
            indices[rows].withUnsafeBufferPointer { wanted in
                guard let indices = wanted.baseAddress else { return }
                gather(table, width: slot.width) { compact in
                    rk_gather_compact(
                        kernels.table, &compact, indices, rows.count, scale, accumulate ? 1 : 0, out, slot.stride)
                } floats: { table in
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

    /// Hands a table to the kernel for its numbers: those of fewer bits, or floats.
    private func gather(
        _ table: LookUpTable, width: Int, compact: (inout rk_compact_table) -> Void,
        floats: (UnsafePointer<Float>) -> Void
    ) {
        guard table.scale != nil || table.values.dtype == .bfloat16 else {
            return table.values.withFloats { values in
                if let base = values.baseAddress { floats(base) }
            }
        }
        table.values.withUnsafeBytes { numbers in
            var description = rk_compact_table()
            description.numbers = numbers.baseAddress
            description.width = width
            guard let scale = table.scale else {
                description.kind = Int32(RK_ROWS_BFLOAT.rawValue)
                return compact(&description)
            }
            description.kind = Int32(RK_ROWS_BYTES.rawValue)
            scale.withFloats { scales in
                description.scales = scales.baseAddress
                compact(&description)
            }
        }
    }
}
