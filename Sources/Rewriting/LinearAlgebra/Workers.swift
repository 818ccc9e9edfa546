import Dispatch
import Synchronization

/// Runs independent tasks on a number of threads. Tasks are fixed by the caller, so results do not depend on threads.
package struct Workers: Sendable {
    /// Threads at work, the calling one included.
    package let count: Int

    package init(count: Int) { self.count = max(1, count) }

    /// Calls `body` once for every index below `tasks`, in any order, and returns when all are done.
    package func run(_ tasks: Int, _ body: @Sendable (Int) -> Void) {
        guard count > 1, tasks > 1 else {
            for task in 0..<tasks { body(task) }
            return
        }
        let next = Atomic<Int>(0)
        DispatchQueue.concurrentPerform(iterations: min(count, tasks)) { _ in
            while true {
                let task = next.add(1, ordering: .relaxed).oldValue
                guard task < tasks else { return }
                body(task)
            }
        }
    }
}
