import CKernels

/// Memory for one group on its way through the layers: one arena a region, scratch for each worker.
///
/// Grows to the largest group it has met and is used again for the next; nothing is allocated inside a layer.
///
/// `@unchecked Sendable`: belongs to one group at a time; the workers of that group write disjoint rows between
/// barriers.
final class Workspace: @unchecked Sendable {
    private var rows = FloatBuffer(count: 0)
    private var sequences = FloatBuffer(count: 0)
    private var maps = FloatBuffer(count: 0)
    private var blocks: [FloatBuffer] = []
    private var scratches: [FloatBuffer] = []
    private var sizes: (rows: Int, sequences: Int, maps: Int) = (0, 0, 0)

    /// Makes room for a group and `workers` workers whose blocks have at most `blockRows` rows.
    func prepare(_ schedule: Schedule, _ group: Group, workers: Int, blockRows: Int) {
        func units(_ region: Slot.Region) -> Int { schedule.units[region] ?? 0 }
        func grow(_ buffer: inout FloatBuffer, _ count: Int) {
            if buffer.count < count { buffer = FloatBuffer(count: count) }
        }
        sizes = (group.rowCount, group.members.count, group.mapFloats)
        grow(&rows, units(.rows) * group.rowCount)
        grow(&sequences, units(.sequences) * group.members.count)
        grow(&maps, units(.maps) * group.mapFloats)
        let longest = group.members.map(\.keys).max() ?? 0
        let scratch = rk_attention_scratch(longest, max(schedule.largestHead, KernelSet.panel))
        while blocks.count < workers {
            blocks.append(FloatBuffer(count: 0))
            scratches.append(FloatBuffer(count: 0))
        }
        for worker in 0..<workers {
            grow(&blocks[worker], units(.block) * blockRows)
            grow(&scratches[worker], scratch)
        }
    }

    /// Start of a register's memory.
    ///
    /// - Parameters:
    ///   - worker: Whose block memory is meant.
    ///   - blockRows: Rows of the block: the unit of block registers.
    func base(_ slot: Slot, worker: Int, blockRows: Int) -> UnsafeMutablePointer<Float> {
        switch slot.region {
        case .rows: rows.base + slot.offset * sizes.rows
        case .sequences: sequences.base + slot.offset * sizes.sequences
        case .maps: maps.base + slot.offset * sizes.maps
        case .block: blocks[worker].base + slot.offset * blockRows
        }
    }

    func scratch(worker: Int) -> UnsafeMutablePointer<Float> { scratches[worker].base }
}
