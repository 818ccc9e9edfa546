extension CompiledModel {
    /// How many inputs came to each exit so far, and how many left there, of all runs together; first to last.
    package var exitCounts: [(node: String, all: Int, left: Int)] {
        schedule.tallies.map { ($0.node, $0.values.all, $0.values.left) }
    }
}
