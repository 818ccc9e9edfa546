import Synchronization

/// Matrices that wait to be packed: all threads take from them once the schedule is made.
///
/// Packing copies, so the result does not depend on who does it.
final class PackingQueue {
    /// Where they are packed to.
    let memory = FloatArena()
    private var jobs: [@Sendable () -> Void] = []

    func add(_ job: @escaping @Sendable () -> Void) { jobs.append(job) }

    /// - Throws: `RuntimeError.cancelled`.
    func run(with resources: ExecutionResources) throws(RuntimeError) {
        let jobs = jobs
        self.jobs = []
        let next = Atomic<Int>(0)
        resources.team.run { _ in
            while true {
                let index = next.add(1, ordering: .relaxed).oldValue
                guard jobs.indices.contains(index), !resources.isCancelled else { return }
                jobs[index]()
            }
        }
        try resources.checkCancellation()
    }
}
