import CKernels

/// Memory for one group on its way through the layers: one arena a region, scratch for each worker.
///
/// Grows to the largest group it has met and is used again for the next; nothing is allocated inside a layer.
///
/// `@unchecked Sendable`: belongs to one group at a time; the workers of that group write disjoint rows between
/// barriers.
final class Workspace: @unchecked Sendable {
    /// By axis, and by map space.
    private var rows: [FloatBuffer] = []
    private var maps: [FloatBuffer] = []
    private var blocks: [FloatBuffer] = []
    private var scratches: [FloatBuffer] = []
    private var relatives: [FloatBuffer] = []
    /// By exit: memory of what goes on.
    private var rests: [Int: Workspace] = [:]
    private var rowCounts: [Int] = []
    private var mapFloats: [Int] = []

    /// Makes room for a group and `workers` workers whose blocks have at most `blockRows` rows.
    func prepare(_ schedule: Schedule, _ group: Group, workers: Int, blockRows: Int) {
        func units(_ region: Slot.Region) -> Int { schedule.units[region] ?? 0 }
        func grow(_ buffer: inout FloatBuffer, _ count: Int) {
            if buffer.count < count { buffer = FloatBuffer(count: count) }
        }
        while rows.count < schedule.axes.count { rows.append(FloatBuffer(count: 0)) }
        while maps.count < schedule.mapSpaces.count { maps.append(FloatBuffer(count: 0)) }
        rowCounts = group.axes.map(\.count)
        mapFloats = group.maps.map(\.count)
        for axis in schedule.axes.indices { grow(&rows[axis], units(.rows(axis: axis)) * rowCounts[axis]) }
        for space in schedule.mapSpaces.indices { grow(&maps[space], units(.maps(space: space)) * mapFloats[space]) }
        let longest = group.maps.reduce(0) { max($0, $1.longestKeys) }
        let longestQueries = group.maps.reduce(0) { max($0, $1.longestQueries) }
        let head = max(schedule.largestHead, KernelSet.panel), readers = schedule.roundedReaders
        let rounded = readers > 0 ? rk_rounded_scratch(longest, head, head, readers) : 0
        let matching = schedule.matchedHead > 0 ? rk_match_scratch(longestQueries, schedule.matchedHead) : 0
        let scratch = max(rk_attention_scratch(longest, head) + rounded, schedule.productScratch, matching)
        while blocks.count < workers {
            blocks.append(FloatBuffer(count: 0))
            scratches.append(FloatBuffer(count: 0))
            relatives.append(FloatBuffer(count: 0))
        }
        for worker in 0..<workers {
            grow(&blocks[worker], units(.block) * blockRows)
            grow(&scratches[worker], scratch)
            grow(&relatives[worker], schedule.relativeColumns * (longestQueries + longest))
        }
    }

    /// Start of a register's memory.
    ///
    /// - Parameters:
    ///   - worker: Whose block memory is meant.
    ///   - blockRows: Rows of the block: the unit of block registers.
    func base(_ slot: Slot, worker: Int, blockRows: Int) -> UnsafeMutablePointer<Float> {
        switch slot.region {
        case .rows(let axis): rows[axis].base + slot.offset * rowCounts[axis]
        case .maps(let space): maps[space].base + slot.offset * mapFloats[space]
        case .block: blocks[worker].base + slot.offset * blockRows
        }
    }

    /// Products of one head's queries and keys with tables of positions.
    func relative(worker: Int) -> UnsafeMutablePointer<Float> { relatives[worker].base }

    /// Memory for what goes on behind an exit.
    func rest(_ exit: Int) -> Workspace {
        if let made = rests[exit] { return made }
        let made = Workspace()
        rests[exit] = made
        return made
    }

    func scratch(worker: Int) -> UnsafeMutablePointer<Float> { scratches[worker].base }
}
