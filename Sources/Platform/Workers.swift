/// Threads for independent tasks. Tasks are fixed by the caller, so results do not depend on the number of threads.
///
/// The threads come and go (`WorkerPool`); where the system gives none, the calling one does everything. Tasks must not
/// wait for each other.
package struct Workers: Sendable {
    /// Threads at work at most, the calling one included.
    package let count: Int

    /// - Parameter count: `nil`: about one a core.
    package init(count: Int? = nil) { self.count = max(1, count ?? .max) }

    /// Calls `body` once for every index below `tasks`, in any order, and returns when all are done.
    package func run(_ tasks: Int, _ body: @Sendable (Int) -> Void) {
        let helpers = min(count, tasks, WorkerPool.cores) - 1
        guard helpers > 0 else {
            for task in 0..<max(tasks, 0) { body(task) }
            return
        }
        withoutActuallyEscaping(body) { body in
            WorkerPool.shared.run(WorkerPool.Job(tasks: tasks, helpers: helpers, body))
        }
    }

    /// The results of `transform`, in the order of the elements.
    package func map<Element: Sendable, Result: Sendable>(
        _ elements: [Element], _ transform: @Sendable (Element) -> Result
    ) -> [Result] {
        let results = Lock([Result?](repeating: nil, count: elements.count))
        run(elements.count) { index in
            let result = transform(elements[index])
            results.withLock { $0[index] = result }
        }
        return results.withLock { $0.compactMap(\.self) }
    }
}
