/// Where a value, a head-major buffer or a kept map is: an index into the schedule's slots.
struct Register: Sendable, Hashable {
    let index: Int
}

/// Memory of a register.
struct Slot: Sendable, Hashable {
    /// What its size is a multiple of.
    enum Region: Sendable, Hashable {
        /// Rows of the group along one of the schedule's axes.
        case rows(axis: Int)
        /// Rows of the block that a worker is at: the value never leaves its segment.
        case block
        /// Floats of one kept map of every sequence, for one of the schedule's map spaces.
        case maps(space: Int)
    }

    var region: Region
    /// Where it starts, in units of the region.
    var offset: Int
    /// Units that it takes: floats of a row, or 1 for a map. Rows are this far apart.
    let stride: Int
    /// Floats of a row that count.
    let width: Int
}
