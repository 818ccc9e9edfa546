/// Sequences that go on where earlier runs ended: only rows along one axis are computed.
struct ContinuedRows: Sendable {
    /// The axis that grows.
    let axis: Int
    /// By member: rows along it that were computed before.
    let past: [Int]
    /// By other axis, by member: keys that stand in caches.
    let memory: [Int: [Int]]

    /// Rows of a member along an axis that were computed before.
    func past(of member: Int, axis: Int) -> Int { axis == self.axis ? past[member] : 0 }
}
