import CKernels
import ModelGraph
import Tensors

/// Which rows and which output columns a worker computes.
struct RowShare {
    let rows: Range<Int>
    /// Whose block memory is used.
    let owner: Int
    /// Rows of the block.
    let blockRows: Int
    /// Share of the columns: part `part` of `parts`.
    let part: Int
    let parts: Int

    /// The rows of a step that cannot be shared by columns.
    var ownRows: Range<Int> {
        let count = rows.count
        return rows.lowerBound + count * part / parts..<rows.lowerBound + count * (part + 1) / parts
    }
}

extension GroupExecution {
    /// Executes one row step for a share.
    func execute(_ step: RowStep, _ share: RowShare) {
        switch step {
        case .product(let product): multiply(product, share)
        case .quantize(let step): quantize(step, share)
        case .embed(let embed): lookUp(embed, share)
        case .norm(let norm): normalize(norm, share)
        case .heads(let heads): prepare(heads, share)
        case .activate(let source, let activation, let out):
            eachRow(share, out) { row, width, target in
                rk_activate(kernels.table, row(source), width, activation.kernel, target)
            }
        case .add(let sources, let out):
            eachRow(share, out) { row, width, target in
                target.update(from: row(sources[0]), count: width)
                for source in sources.dropFirst() { rk_add(kernels.table, target, row(source), width, target) }
            }
        case .multiply(let sources, let out):
            eachRow(share, out) { row, width, target in
                target.update(from: row(sources[0]), count: width)
                for source in sources.dropFirst() {
                    rk_multiply_elements(kernels.table, target, row(source), width, target)
                }
            }
        case .load(let load): self.load(load, share)
        case .affine(let affine): transform(affine, share)
        case .distribute(let source, let function, let out):
            eachRow(share, out) { row, width, target in
                function.distribute(Elements(start: row(source)), count: width, to: Elements(start: target))
            }
        case .extreme(let sources, let isMaximum, let out):
            eachRow(share, out) { row, width, target in
                target.update(from: row(sources[0]), count: width)
                for source in sources.dropFirst() {
                    rk_extreme(kernels.table, target, row(source), width, isMaximum ? 1 : 0, target)
                }
            }
        case .grouped(let grouped): multiply(grouped, share)
        case .softmax(let source, let out):
            eachRow(share, out) { row, width, target in softmax(row(source), width, target) }
        case .round(let source, let rounding, let out):
            eachRow(share, out) { row, width, target in round(row(source), width, rounding, target) }
        case .columns(let ranges, let out):
            eachRow(share, out) { row, _, target in
                for range in ranges {
                    (target + range.to).update(from: row(range.source) + range.from, count: range.count)
                }
            }
        case .mask(let source, let hidden, let out):
            let columns = schedule.slots[source.index].width
            eachRow(share, out) { row, _, target in
                let values = row(source)
                target[0] = (0..<columns).contains { values[$0] != hidden } ? 1 : 0
            }
        case .tokenMask(let source, let mask, let out):
            guard !share.ownRows.isEmpty else { return }
            let ids = group.ids(of: source)
            let (target, slot) = start(out, share, row: share.ownRows.lowerBound)
            for (offset, row) in share.ownRows.enumerated() {
                target[offset * slot.stride] = mask.shows(ids[row]) ? 1 : 0
            }
        case .gate(let gate, let up, let activation, let out):
            eachRow(share, out) { row, width, target in
                rk_activate(kernels.table, row(gate), width, activation.kernel, target)
                rk_multiply_elements(kernels.table, target, row(up), width, target)
            }
        }
    }

    /// First row of a share in a register.
    func start(_ register: Register, _ share: RowShare, row: Int) -> (UnsafeMutablePointer<Float>, Slot) {
        let slot = schedule.slots[register.index]
        let base = workspace.base(slot, worker: share.owner, blockRows: share.blockRows)
        let offset = slot.region == .block ? row - share.rows.lowerBound : row
        return (base + offset * slot.stride, slot)
    }

    private func normalize(_ step: NormStep, _ share: RowShare) {
        let rows = share.ownRows
        guard !rows.isEmpty else { return }
        let (input, inputSlot) = start(step.input, share, row: rows.lowerBound)
        let (out, outSlot) = start(step.out, share, row: rows.lowerBound)
        step.scale.withFloats { scale in
            switch step.norm.kind {
            case .unit:
                rk_unit_norm(
                    kernels.table, input, inputSlot.stride, rows.count, step.norm.width, step.norm.epsilon, out,
                    outSlot.stride)
            case .rms:
                rk_rms_norm(
                    kernels.table, input, inputSlot.stride, rows.count, step.norm.width, step.norm.epsilon,
                    scale.baseAddress,
                    step.norm.scaleOffset, out, outSlot.stride)
            case .layer:
                func run(_ offset: UnsafePointer<Float>?) {
                    rk_layer_norm(
                        kernels.table, input, inputSlot.stride, rows.count, step.norm.width, step.norm.epsilon,
                        scale.baseAddress,
                        offset,
                        out, outSlot.stride)
                }
                if let offset = step.offset { offset.withFloats { run($0.baseAddress) } } else { run(nil) }
            }
        }
    }

    /// Norms and turns heads of a head-major buffer.
    private func prepare(_ step: HeadStep, _ share: RowShare) {
        let rows = share.ownRows
        guard !rows.isEmpty else { return }
        let slot = schedule.slots[step.buffer.index]
        let headStride = group.axes[schedule.axis(of: step.buffer)].count * step.size
        let base = workspace.base(slot, worker: 0, blockRows: 0) + rows.lowerBound * step.size
        for norm in step.norms {
            norm.scale.withFloats { scale in
                if norm.isJoint {
                    rk_joint_rms_norm(
                        base + norm.heads.lowerBound * headStride, headStride, norm.heads.count, step.size, rows.count,
                        step.width, norm.epsilon, scale.baseAddress)
                    return
                }
                for head in norm.heads {
                    let heads = base + head * headStride
                    rk_rms_norm(
                        kernels.table, heads, step.size, rows.count, step.width, norm.epsilon, scale.baseAddress, 0,
                        heads, step.size)
                }
            }
        }
        guard let index = step.angles else { return }
        let rotary = schedule.rotaries[index].rotary, pairs = rotary.size / 2
        group.rotaries[index].angles.withUnsafeBufferPointer { angles in
            guard let angles = angles.baseAddress else { return }
            for head in step.turned {
                for (offset, row) in rows.enumerated() {
                    rk_rotate(
                        kernels.table, base + head * headStride + offset * step.size, pairs,
                        rotary.isInterleaved ? 1 : 0,
                        angles + row * 2 * pairs)
                }
            }
        }
    }

    func eachRow(
        _ share: RowShare, _ out: Register,
        _ body: (_ row: (Register) -> UnsafeMutablePointer<Float>, _ width: Int, _ target: UnsafeMutablePointer<Float>)
            -> Void
    ) {
        for index in share.ownRows {
            let (target, slot) = start(out, share, row: index)
            body({ start($0, share, row: index).0 }, slot.width, target)
        }
    }
}
