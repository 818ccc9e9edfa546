/// Pairs of tokens that may be joined: rank (lower first) and the token they make.
///
/// Open addressing over one array, seeded per process so that a file cannot be made to collide.
package struct MergeTable: Sendable {
    package struct Merge: Sendable {
        package var rank: Int32
        package var id: Int32

        package init(rank: Int32, id: Int32) {
            self.rank = rank
            self.id = id
        }
    }

    private struct Slot {
        var pair: UInt64 = .max
        var merge = Merge(rank: -1, id: -1)
    }

    private static let seed = UInt64.random(in: .min ... .max)
    private var slots: [Slot]
    /// Number of merges.
    package private(set) var count = 0

    package init(expecting mergeCount: Int) {
        var capacity = 64
        while capacity < mergeCount * 2 { capacity <<= 1 }
        slots = Array(repeating: Slot(), count: capacity)
    }

    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    @inline(__always)
    private func index(of key: UInt64) -> Int {
        var mixed = (key &+ MergeTable.seed) &* 0x9E37_79B9_7F4A_7C15
        mixed ^= mixed >> 32
        mixed = mixed &* 0xD6E8_FEB8_6659_FD93
        mixed ^= mixed >> 32
        return Int(truncatingIfNeeded: mixed) & (slots.count - 1)
    }

    /// What a pair of ids is joined to.
    package subscript(left: Int32, right: Int32) -> Merge? {
        let key = MergeTable.key(left, right)
        var at = index(of: key)
        while slots[at].pair != key {
            if slots[at].pair == .max { return nil }
            at = (at + 1) & (slots.count - 1)
        }
        return slots[at].merge
    }

    /// Adds a pair of ids; `false` when it is there already.
    package mutating func insert(_ left: Int32, _ right: Int32, _ merge: Merge) -> Bool {
        if count * 2 >= slots.count { grow() }
        let key = MergeTable.key(left, right)
        var at = index(of: key)
        while slots[at].pair != .max {
            if slots[at].pair == key { return false }
            at = (at + 1) & (slots.count - 1)
        }
        slots[at] = Slot(pair: key, merge: merge)
        count += 1
        return true
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: Slot(), count: old.count * 2)
        for slot in old where slot.pair != .max {
            var at = index(of: slot.pair)
            while slots[at].pair != .max { at = (at + 1) & (slots.count - 1) }
            slots[at] = slot
        }
    }
}

/// Proposed merges of a word, lowest rank first, then leftmost (a binary heap).
package struct MergeQueue {
    package struct Candidate {
        package var rank: Int32
        package var position: Int32

        fileprivate var order: Int64 { Int64(rank) << 32 | Int64(position) }
    }

    private var heap: [Int64] = []

    package mutating func removeAll() { heap.removeAll(keepingCapacity: true) }

    package mutating func insert(_ candidate: Candidate) {
        heap.append(candidate.order)
        var at = heap.count - 1
        while at > 0, heap[at] < heap[(at - 1) / 2] {
            heap.swapAt(at, (at - 1) / 2)
            at = (at - 1) / 2
        }
    }

    package mutating func popFirst() -> Candidate? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            var at = 0
            while true {
                var least = at
                for child in 2 * at + 1...2 * at + 2 where child < heap.count && heap[child] < heap[least] {
                    least = child
                }
                if least == at { break }
                heap.swapAt(at, least)
                at = least
            }
        }
        return Candidate(rank: Int32(first >> 32), position: Int32(truncatingIfNeeded: first))
    }
}
