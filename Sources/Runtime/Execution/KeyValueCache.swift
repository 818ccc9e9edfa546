import CKernels

/// What decoding keeps of one attention layer, over all sequences of a session.
package struct CacheUse: Sendable, Hashable {
    /// The layer's node.
    package let node: String
    /// Whether the rows are those of what cross-attention looks at, rather than tokens.
    package let isMemory: Bool
    /// Rows that are kept.
    package let rows: Int
    /// Bytes of their keys: none where all heads borrow their maps.
    package let keyBytes: Int
    /// Bytes of their values.
    package let valueBytes: Int
}

/// Keys and values of one sequence in one attention step: heads one after the other, room for `capacity` rows in each.
struct CacheEntry: Sendable {
    /// Padded sizes of a key and a value.
    let headSize, valueSize: Int
    let keyCount, valueCount: Int
    /// Rows that there is room for; whole panels.
    private(set) var capacity = 0
    /// Rows that are in use.
    var rows = 0
    private var buffer = FloatBuffer(count: 0)

    init(_ step: AttentionStep) {
        headSize = step.headSize
        valueSize = step.valueSize
        // Heads that compute no map need no keys.
        keyCount = step.keyCount
        valueCount = step.valueCount
    }

    /// Bytes of the rows in use.
    var byteCount: Int { rows * rowBytes }
    /// Bytes of one row.
    var rowBytes: Int { rowKeyBytes + rowValueBytes }
    /// Bytes of one row's keys, and of its values.
    var rowKeyBytes: Int { keyCount * headSize * 4 }
    var rowValueBytes: Int { valueCount * valueSize * 4 }

    /// Keys of one head, in panels as the scores read them.
    func keys(_ head: Int) -> UnsafePointer<Float> { UnsafePointer(mutableKeys(head)) }
    /// Values of one head, row by row.
    func values(_ head: Int) -> UnsafePointer<Float> { UnsafePointer(mutableValues(head)) }

    func mutableKeys(_ head: Int) -> UnsafeMutablePointer<Float> { buffer.base + head * capacity * headSize }

    func mutableValues(_ head: Int) -> UnsafeMutablePointer<Float> {
        buffer.base + (keyCount * headSize + head * valueSize) * capacity
    }

    /// Makes room for `wanted` rows; those in use stay.
    mutating func reserve(_ wanted: Int) {
        guard wanted > capacity else { return }
        var grown = self
        grown.capacity = KernelSet.padded(max(wanted, 2 * capacity))
        grown.buffer = FloatBuffer(count: (keyCount * headSize + valueCount * valueSize) * grown.capacity)
        if rows > 0 {
            // Whole panels: the lanes behind the last key are zero.
            for head in 0..<keyCount {
                grown.mutableKeys(head).update(from: keys(head), count: KernelSet.padded(rows) * headSize)
            }
            for head in 0..<valueCount {
                grown.mutableValues(head).update(from: values(head), count: rows * valueSize)
            }
        }
        self = grown
    }
}

/// Keys and values of several sequences: what incremental decoding does not compute again.
///
/// `@unchecked Sendable`: the room is made by one thread before a run; during it workers write the rows of different
/// sequences, and meet before any of them reads.
final class KeyValueCache: @unchecked Sendable {
    /// By sequence, by attention step of the schedule; steps that keep nothing have no rows.
    private(set) var entries: [[CacheEntry]] = []
    /// The axis that grows.
    let axis: Int
    private let steps: [AttentionStep]

    init(_ schedule: Schedule, axis: Int, sequences: Int) {
        self.axis = axis
        steps = schedule.segments.compactMap { if case .attention(let step) = $0 { step } else { nil } }
        let empty = steps.map(CacheEntry.init)
        entries = Array(repeating: empty, count: sequences)
    }

    /// Whether a step's keys and values are kept: those that the growing axis looks at.
    func keeps(_ step: AttentionStep) -> Bool { step.queryAxis == axis }

    /// Bytes of all rows in use.
    var byteCount: Int { entries.joined().reduce(0) { $0 + $1.byteCount } }

    /// What each step keeps, in the schedule's order.
    var uses: [CacheUse] {
        steps.filter(keeps).map { step in
            let rows = entries.reduce(0) { $0 + $1[step.index].rows }
            let entry = CacheEntry(step)
            return CacheUse(
                node: step.node, isMemory: step.keyAxis != axis, rows: rows, keyBytes: rows * entry.rowKeyBytes,
                valueBytes: rows * entry.rowValueBytes)
        }
    }

    /// Bytes of a row along the growing axis, or along others (memories).
    func rowBytes(ofMemory isMemory: Bool) -> Int {
        steps.filter { keeps($0) && ($0.keyAxis != axis) == isMemory }.reduce(0) { $0 + CacheEntry($1).rowBytes }
    }

    /// Keys that a sequence has in memories, by axis.
    var memories: [Int: [Int]] {
        var result: [Int: [Int]] = [:]
        for step in steps where keeps(step) && step.keyAxis != axis {
            result[step.keyAxis] = entries.map { $0[step.index].rows }
        }
        return result
    }

    /// Makes room for the rows that a group is about to add.
    ///
    /// - Parameter sequences: Which sequence each member is.
    func reserve(for group: Group, sequences: [Int]) {
        for (member, sequence) in sequences.enumerated() {
            for step in steps where keeps(step) {
                entries[sequence][step.index].reserve(group.keys(of: member, axis: step.keyAxis))
            }
        }
    }

    /// Counts the rows that a group has added.
    func commit(_ group: Group, sequences: [Int]) {
        for (member, sequence) in sequences.enumerated() {
            for step in steps where keeps(step) {
                entries[sequence][step.index].rows = group.keys(of: member, axis: step.keyAxis)
            }
        }
    }

    /// Lets go of all sequences but these.
    func keep(_ sequences: [Int]) { entries = sequences.map { entries[$0] } }
}

/// A cache as one group sees it.
struct CacheAccess: Sendable {
    let cache: KeyValueCache
    /// Which of the cache's sequences each member is.
    let sequences: [Int]

    /// The keys and values that a member's queries look at in a step; `nil` when they are not kept.
    func entry(of step: AttentionStep, member: Int) -> CacheEntry? {
        cache.keeps(step) ? cache.entries[sequences[member]][step.index] : nil
    }

    /// Copies a worker's share of a step's new keys and values into the cache.
    ///
    /// - Returns: Whether workers must meet before they read.
    func store(_ step: AttentionStep, _ execution: GroupExecution, worker: Int) -> Bool {
        guard cache.keeps(step) else { return false }
        let rows = execution.group.axes[step.keyAxis]
        let key = execution.address(step.key).base, value = execution.address(step.value).base
        for (member, sequence) in sequences.enumerated() where member % execution.workers == worker {
            let entry = cache.entries[sequence][step.index]
            let start = rows.starts[member], first = entry.rows
            // Rows that only query have no key.
            let count = execution.group.keys(of: member, axis: step.keyAxis) - first
            guard count > 0, count <= rows.rows(of: member).count else { continue }
            for head in 0..<entry.keyCount {
                let source = key + ((step.keyOffset + head) * rows.count + start) * entry.headSize
                let target = entry.mutableKeys(head)
                for row in 0..<count {
                    rk_store_key(source + row * entry.headSize, entry.headSize, first + row, target)
                }
            }
            for head in 0..<entry.valueCount {
                (entry.mutableValues(head) + first * entry.valueSize).update(
                    from: value + ((step.valueOffset + head) * rows.count + start) * entry.valueSize,
                    count: count * entry.valueSize)
            }
        }
        return true
    }
}
