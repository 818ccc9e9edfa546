import CKernels
import ModelGraph

// Merging of tokens. One worker does a sequence's whole share: the same numbers with any number of workers.

extension GroupExecution {
    /// Finds which rows of a sequence are merged.
    func match(_ step: MatchStep, member: Int, worker: Int) {
        let target = rows(step.out, member)
        let all = group.axes[schedule.axis(of: step.keys.buffer)]
        let size = step.keys.headSize
        let start = step.keys.first * size * all.count + all.starts[member] * size
        let matching = step.matching
        rk_match_tokens(
            kernels.table, address(step.keys.buffer).base + start, size * all.count, step.keys.count, size,
            target.count, min(matching.firstKept, target.count),
            max(target.count - matching.lastKept, 0), matching.mergedCount(of: target.count),
            workspace.scratch(worker: worker), target.base, target.slot.stride)
    }

    /// Merges rows of a sequence, or sums up their sizes.
    func merge(_ step: MergeStep, member: Int, worker: Int) {
        let matching = rows(step.matching, member), target = rows(step.out, member)
        let sizes = step.sizes.map { rows($0, member) }
        let stride = sizes?.slot.stride ?? 0
        if let input = step.input {
            let source = rows(input, member)
            rk_merge_rows(
                source.base, source.slot.stride, source.count, source.slot.width, matching.base, matching.slot.stride,
                sizes?.base, stride, target.count, workspace.scratch(worker: worker), target.base, target.slot.stride)
        } else {
            rk_merge_sizes(
                matching.base, matching.slot.stride, sizes?.base, stride, matching.count, target.count, target.base,
                target.slot.stride)
        }
    }

    /// What sizes of keys add to the scores of all queries of a sequence: their logarithms.
    func fill(
        _ target: UnsafeMutablePointer<Float>, _ stride: Int, rows count: Int, _ sizes: Register, _ member: Int
    ) {
        guard count > 0 else { return }
        let sizes = rows(sizes, member)
        rk_log_sizes(sizes.base, sizes.slot.stride, sizes.count, target)
        for row in 1..<max(count, 1) { (target + row * stride).update(from: target, count: sizes.count) }
    }
}
