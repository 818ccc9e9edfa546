import CKernels

extension GroupExecution {
    /// Multiplies a share's rows, or its columns, with a matrix.
    func multiply(_ step: ProductStep, _ share: RowShare) {
        let (input, inputSlot) = start(step.input, share, row: share.rows.lowerBound)
        let panels = step.matrix.panels
        let begin = panels * share.part / share.parts, end = panels * (share.part + 1) / share.parts
        var product = store(step, share)
        switch step.matrix {
        case .floats(let linear):
            product.x = UnsafePointer(input)
            product.ldx = inputSlot.stride
            product.packed = linear.packed
            rk_multiply(kernels.table, &product, 0, share.rows.count, begin, end)
        case .quantized(let linear) where linear.form == .bytes:
            var quantized = rk_quantized_product()
            quantized.store = product
            quantized.x = UnsafeRawPointer(input)
            quantized.stride = inputSlot.stride * MemoryLayout<Float>.stride
            quantized.packed = UnsafeRawPointer(linear.memory.packed)
            quantized.scales = linear.scales
            rk_multiply_quantized(kernels.table, &quantized, 0, share.rows.count, begin, end)
        case .quantized(let linear):
            var rounded = rk_bfloat_product()
            rounded.store = product
            rounded.x = UnsafeRawPointer(input)
            rounded.stride = inputSlot.stride * MemoryLayout<Float>.stride
            rounded.packed = UnsafeRawPointer(linear.memory.packed)
            rounded.scales = linear.scales
            rk_multiply_bfloat(kernels.table, &rounded, 0, share.rows.count, begin, end)
        case .compact(let linear):
            product.x = UnsafePointer(input)
            product.ldx = inputSlot.stride
            var shape = linear.shape.value
            let scratch = workspace.scratch(worker: share.parts > 1 ? share.part : share.owner)
            rk_multiply_compact(
                kernels.table, &product, &shape, linear.memory.packed, scratch, 0, share.rows.count, begin, end)
        }
    }

    /// Quantises or rounds a share's rows.
    func quantize(_ step: QuantizeStep, _ share: RowShare) {
        let rows = share.ownRows
        guard !rows.isEmpty else { return }
        let (input, inputSlot) = start(step.input, share, row: rows.lowerBound)
        let (out, _) = start(step.out, share, row: rows.lowerBound)
        switch step.form {
        case .bytes: rk_quantize(kernels.table, input, inputSlot.stride, rows.count, step.width, step.factors, out)
        case .bfloat16: rk_round_rows(kernels.table, input, inputSlot.stride, rows.count, step.width, out)
        }
    }

    /// What every product does with its sums, and where they go.
    private func store(_ step: ProductStep, _ share: RowShare) -> rk_product {
        let first = share.rows.lowerBound
        var product = rk_product()
        product.rows = share.rows.count
        product.k = step.matrix.inputWidth
        product.n = step.matrix.outputWidth
        product.bias = step.matrix.bias
        product.activation = step.activation.kernel
        if let residual = step.residual {
            let (rows, slot) = start(residual, share, row: first)
            product.residual = UnsafePointer(rows)
            product.ldr = slot.stride
        }
        if step.headSize > 0 {
            let slot = schedule.slots[step.out.index]
            product.out = workspace.base(slot, worker: 0, blockRows: 0) + first * step.headSize
            product.head_size = step.headSize
            product.head_stride = group.axes[schedule.axis(of: step.out)].count * step.headSize
        } else {
            let (rows, slot) = start(step.out, share, row: first)
            product.out = rows
            product.ldo = slot.stride
        }
        return product
    }
}
