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
                    scales.withFloats { scales in
                        gather(table.values, wanted, scale, accumulate, out, slot) { (value: Int8, row) in
                            Float(value) * scales[row]
                        }
                    }
                    return
                }
                if table.values.dtype == .bfloat16 {
                    gather(table.values, wanted, scale, accumulate, out, slot) { (bits: UInt16, _) in
                        Float(bitPattern: UInt32(bits) << 16)
                    }
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

    /// Rows of numbers of fewer bits: each made a float, times `scale`, rounded, added to what is there.
    ///
    /// - Parameter number: A stored number of a row, as a float.
    @inline(__always)
    private func gather<Stored: BitwiseCopyable>(
        _ values: Tensor, _ indices: UnsafeBufferPointer<Int32>, _ scale: Float, _ accumulate: Bool,
        _ out: UnsafeMutablePointer<Float>, _ slot: Slot, number: (Stored, Int) -> Float
    ) {
        values.withUnsafeBytes { bytes in
            for (offset, index) in indices.enumerated() {
                let first = Int(index) * slot.width, target = out + offset * slot.stride
                for column in 0..<slot.width {
                    let place = (first + column) * MemoryLayout<Stored>.stride
                    let stored = bytes.loadUnaligned(fromByteOffset: place, as: Stored.self)
                    let value = number(stored, Int(index)) * scale
                    target[column] = accumulate ? target[column] + value : value
                }
            }
        }
    }
}
