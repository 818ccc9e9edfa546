/// Places registers into regions so that those which live at the same time do not overlap.
struct SlotAllocator {
    /// First and last moment at which a register is needed, both included.
    struct Lifetime {
        var first: Int
        var last: Int
    }

    private struct Placed {
        let offset: Int
        let size: Int
        let lifetime: Lifetime
    }

    private var placed: [Slot.Region: [Placed]] = [:]

    /// Units that each region needs.
    private(set) var units: [Slot.Region: Int] = [:]

    /// The lowest offset where `size` units are free during the whole lifetime.
    mutating func place(size: Int, in region: Slot.Region, lifetime: Lifetime) -> Int {
        let rivals = (placed[region] ?? [])
            .filter { $0.lifetime.first <= lifetime.last && lifetime.first <= $0.lifetime.last }
            .sorted { $0.offset < $1.offset }
        var offset = 0
        for rival in rivals where rival.offset < offset + size && offset < rival.offset + rival.size {
            offset = rival.offset + rival.size
        }
        placed[region, default: []].append(Placed(offset: offset, size: size, lifetime: lifetime))
        units[region] = max(units[region] ?? 0, offset + size)
        return offset
    }
}
