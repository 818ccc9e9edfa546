import Synchronization

/// Matrices that wait to be packed: all threads take from them once the schedule is made.
///
/// Packing copies, so the result does not depend on who does it, nor how often it is done.
package final class PackingQueue {
    /// One matrix.
    struct Job: Sendable {
        /// Where it is packed to, and floats of it.
        let piece: FloatPiece
        let count: Int
        let pack: @Sendable () -> Void

        var bytes: Int { count * MemoryLayout<Float>.stride }
    }

    /// Where they are packed to.
    package let memory = FloatArena()
    private(set) var jobs: [Job] = []

    package init() {}

    func add(_ piece: FloatPiece, count: Int, _ pack: @escaping @Sendable () -> Void) {
        jobs.append(Job(piece: piece, count: count, pack: pack))
    }

    /// Leaves some of them to others.
    func remove(_ indices: Set<Int>) {
        jobs = jobs.indices.filter { !indices.contains($0) }.map { jobs[$0] }
    }

    /// Packs all.
    ///
    /// - Throws: `RuntimeError.cancelled`.
    package func run(with resources: ExecutionResources) throws(RuntimeError) {
        let jobs = jobs
        self.jobs = []
        try Self.run(jobs, with: resources)
    }

    static func run(_ jobs: [Job], with resources: ExecutionResources) throws(RuntimeError) {
        let next = Atomic<Int>(0)
        resources.team.run { _ in
            while true {
                let index = next.add(1, ordering: .relaxed).oldValue
                guard jobs.indices.contains(index), !resources.isCancelled else { return }
                jobs[index].pack()
            }
        }
        try resources.checkCancellation()
    }
}
