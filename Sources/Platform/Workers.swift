import Dispatch
import Synchronization

/// Threads for independent tasks. Tasks are fixed by the caller, so results do not depend on the number of threads.
///
/// The threads are the system's, which starts and ends them as it sees fit. Tasks must not wait for each other.
package struct Workers: Sendable {
    /// Threads at work at most, the calling one included.
    package let count: Int

    /// - Parameter count: `nil`: as many as the system gives, about one a core.
    package init(count: Int? = nil) { self.count = max(1, count ?? .max) }

    /// Calls `body` once for every index below `tasks`, in any order, and returns when all are done.
    package func run(_ tasks: Int, _ body: @Sendable (Int) -> Void) {
        guard count > 1, tasks > 1 else {
            for task in 0..<tasks { body(task) }
            return
        }
        guard count < tasks else { return DispatchQueue.concurrentPerform(iterations: tasks, execute: body) }
        let next = Atomic<Int>(0)
        DispatchQueue.concurrentPerform(iterations: count) { _ in
            while true {
                let task = next.add(1, ordering: .relaxed).oldValue
                guard task < tasks else { return }
                body(task)
            }
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
