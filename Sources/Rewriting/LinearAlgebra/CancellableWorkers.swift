import Platform
import Runtime

/// Threads for independent tasks, as long as nothing asks the work to end.
package struct CancellableWorkers: Sendable {
    private let workers: Workers
    /// Asks the work to end; `nil`: it runs to its end.
    package let cancellation: Cancellation?

    package init(count: Int, cancellation: Cancellation? = nil) {
        workers = Workers(count: count)
        self.cancellation = cancellation
    }

    /// As many threads as models run on, and the same wish to end.
    package init(_ resources: ExecutionResources) {
        self.init(count: resources.threads, cancellation: resources.cancellation)
    }

    /// Threads at work at most, the calling one included.
    package var count: Int { workers.count }

    /// Whether the work should end.
    package var isCancelled: Bool { cancellation?.isRequested == true }

    /// - Throws: `AnalysisError.cancelled` when the work should end.
    package func check() throws(AnalysisError) { if isCancelled { throw .cancelled } }

    /// Calls `body` once for every index below `tasks`, in any order, and returns when all are done.
    ///
    /// - Throws: `AnalysisError.cancelled`; not all tasks have run then.
    package func run(_ tasks: Int, _ body: @Sendable (Int) -> Void) throws(AnalysisError) {
        workers.run(tasks) { if !isCancelled { body($0) } }
        try check()
    }
}
