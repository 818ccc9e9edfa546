import Platform

/// Why work that was handed over never began.
package enum WorkRefusal: Error, Sendable, Hashable {
    /// It was cancelled while it waited.
    case cancelled
    /// The system gives no thread; what it says.
    case noThread(String)
}

/// Runs blocking work on threads of its own, a few at a time, first come, first served; the rest waits without one.
///
/// Work that is cancelled while it waits never starts.
package final class WorkQueue: Sendable {
    /// Work that was handed over.
    package final class Job: Sendable {
        fileprivate let cancellation: Cancellation
        fileprivate let start: @Sendable () -> Void
        fileprivate let refuse: @Sendable (WorkRefusal) -> Void
        private let queue: WorkQueue

        fileprivate init(
            _ queue: WorkQueue, _ cancellation: Cancellation, start: @escaping @Sendable () -> Void,
            refuse: @escaping @Sendable (WorkRefusal) -> Void
        ) {
            self.queue = queue
            self.cancellation = cancellation
            self.start = start
            self.refuse = refuse
        }

        /// Asks the work to end, or not to start.
        package func cancel() {
            cancellation.request()
            queue.withdraw(self)
        }
    }

    private struct State {
        var running = 0
        var waiting: [Job] = []
    }

    private let limit: Int
    private let state = Lock(State())

    /// For work that is long and rare: a thread for each.
    package static let unlimited = WorkQueue(limit: .max)

    /// - Parameter limit: How much work may run at a time.
    package init(limit: Int) { self.limit = limit }

    /// Runs `body` on another thread and suspends until it is done.
    ///
    /// - Parameters:
    ///   - refused: The error where `body` never began: the task was cancelled before, or there is no thread.
    ///   - body: Is told of the task's cancellation and should end soon after it.
    /// - Throws: What `body` throws, or `refused`.
    package func run<Output: Sendable, Failure: Error>(
        refused: @escaping @Sendable (WorkRefusal) -> Failure,
        _ body: @escaping @Sendable (Cancellation) throws(Failure) -> Output
    ) async throws(Failure) -> Output {
        let cancellation = Cancellation()
        let submitted = Lock<Job?>(nil)
        let result: Result<Output, Failure> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let job = Job(self, cancellation) {
                    let result: Result<Output, Failure>
                    do throws(Failure) {
                        result = .success(try body(cancellation))
                    } catch {
                        result = .failure(error)
                    }
                    continuation.resume(returning: result)
                } refuse: {
                    continuation.resume(returning: .failure(refused($0)))
                }
                submitted.withLock { $0 = job }
                add(job)
            }
        } onCancel: {
            cancellation.request()
            submitted.withLock { $0 }?.cancel()
        }
        return try result.get()
    }

    /// Hands work over without waiting for it.
    ///
    /// - Parameters:
    ///   - body: The work; called unless `refuse` is.
    ///   - refuse: Called with the reason when the work never began: it was cancelled, or there is no thread for it.
    @discardableResult
    package func start(
        _ cancellation: Cancellation, _ body: @escaping @Sendable () -> Void,
        refuse: @escaping @Sendable (WorkRefusal) -> Void
    ) -> Job {
        let job = Job(self, cancellation, start: body, refuse: refuse)
        add(job)
        return job
    }

    private func add(_ job: Job) {
        enum Verdict { case refused, started, waits }
        let verdict: Verdict = state.withLock { state in
            // Asked under the lock: what is cancelled from here on is found among those that wait.
            if job.cancellation.isRequested { return .refused }
            guard state.running < limit else {
                state.waiting.append(job)
                return .waits
            }
            state.running += 1
            return .started
        }
        switch verdict {
        case .refused: job.refuse(.cancelled)
        case .started: startThread(job)
        case .waits: break
        }
    }

    private func withdraw(_ job: Job) {
        let isWaiting = state.withLock { state in
            guard let index = state.waiting.firstIndex(where: { $0 === job }) else { return false }
            state.waiting.remove(at: index)
            return true
        }
        if isWaiting { job.refuse(.cancelled) }
    }

    /// A thread works until nothing waits any more.
    private func startThread(_ first: Job) {
        let isStarted = SystemThread.start(stackSize: SystemThread.largeStack) { [self] in
            var next: Job? = first
            while let job = next {
                job.start()
                next = state.withLock { state in
                    guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
                    state.running -= 1
                    return nil
                }
            }
        }
        guard !isStarted else { return }
        // Work that waited for this place has no other thread to wait for, unless one is at work.
        let refused = state.withLock { state in
            state.running -= 1
            defer { if state.running == 0 { state.waiting = [] } }
            return state.running == 0 ? [first] + state.waiting : [first]
        }
        for job in refused {
            job.refuse(.noThread("the system gives no thread: " + systemMessage(EAGAIN)))
        }
    }
}
