/// Where the maps of one map space lie in a slot of kept maps: those of one member behind those of another.
struct MapLayout: Sendable {
    /// Where each member's map starts, in floats. A map has as many rows as there are queries, each of the member's
    /// keys rounded up to whole panels.
    let offsets: [Int]
    /// Floats of one slot.
    let count: Int
    /// Most keys and most queries of one member.
    let longestKeys, longestQueries: Int

    /// - Parameter keys: By axis, by member: keys that queries look at.
    init(_ space: MapSpace, axes: [AxisRows], keys: [[Int]]) {
        let keys = keys[space.keyAxis]
        var offsets: [Int] = []
        var count = 0, longestQueries = 0
        for (member, keys) in keys.enumerated() {
            offsets.append(count)
            let queries = axes[space.queryAxis].rows(of: member).count
            longestQueries = max(longestQueries, queries)
            count += queries * KernelSet.padded(keys)
        }
        self.offsets = offsets
        self.count = count
        self.longestQueries = longestQueries
        longestKeys = keys.max() ?? 0
    }
}
