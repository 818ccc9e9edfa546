import Dispatch
import Platform
import Runtime
import Synchronization

/// Runs independent tasks on a number of threads, as long as nothing asks the work to end. Tasks are fixed by the
/// caller, so results do not depend on threads.
package struct Workers: Sendable {
    /// Threads at work, the calling one included.
    package let count: Int
    /// Asks the work to end; `nil`: it runs to its end.
    package let cancellation: Cancellation?

    package init(count: Int, cancellation: Cancellation? = nil) {
        self.count = max(1, count)
        self.cancellation = cancellation
    }

    /// As many threads as models run on, and the same wish to end.
    package init(_ resources: ExecutionResources) {
        self.init(count: resources.threads, cancellation: resources.cancellation)
    }

    /// Whether the work should end.
    package var isCancelled: Bool { cancellation?.isRequested == true }

    /// - Throws: `AnalysisError.cancelled` when the work should end.
    package func check() throws(AnalysisError) { if isCancelled { throw .cancelled } }

    /// Calls `body` once for every index below `tasks`, in any order, and returns when all are done.
    ///
    /// - Throws: `AnalysisError.cancelled`; not all tasks have run then.
    package func run(_ tasks: Int, _ body: @Sendable (Int) -> Void) throws(AnalysisError) {
        if count > 1, tasks > 1 {
            let next = Atomic<Int>(0)
            DispatchQueue.concurrentPerform(iterations: min(count, tasks)) { _ in
                while !isCancelled {
                    let task = next.add(1, ordering: .relaxed).oldValue
                    guard task < tasks else { return }
                    body(task)
                }
            }
        } else {
            for task in 0..<tasks where !isCancelled { body(task) }
        }
        try check()
    }
}
