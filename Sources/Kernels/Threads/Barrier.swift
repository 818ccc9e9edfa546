import Platform
import Synchronization

/// A meeting point inside a job: no member goes on before all have come.
///
/// Spins, then yields: members arrive within microseconds of each other unless the machine is oversubscribed.
package final class Barrier: Sendable {
    private let members: Int
    private let arrived = Atomic<Int>(0)
    private let generation = Atomic<Int>(0)

    package init(members: Int) { self.members = members }

    package func wait() {
        guard members > 1 else { return }
        let current = generation.load(ordering: .acquiring)
        if arrived.add(1, ordering: .acquiringAndReleasing).newValue == members {
            arrived.store(0, ordering: .relaxed)
            generation.add(1, ordering: .releasing)
            return
        }
        var spins = 0
        while generation.load(ordering: .acquiring) == current {
            spins += 1
            if spins > 5_000 { sched_yield() }
        }
    }
}
