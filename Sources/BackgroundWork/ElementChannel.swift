import Platform

/// Carries elements from work on a thread to the one task that iterates over them.
///
/// Elements wait until they are asked for; those that the sender calls replaceable give way to later ones, so that a
/// slow reader sees the newest progress rather than all of it.
package final class ElementChannel<Element: Sendable, Failure: Error>: Sendable {
    private struct State {
        var elements: [(element: Element, isReplaceable: Bool)] = []
        var end: Result<Void, Failure>?
        var waiting: CheckedContinuation<Result<Element?, Failure>, Never>?
    }

    private let state = Lock(State())

    /// Hands over an element.
    func send(_ element: Element, isReplaceable: Bool = false) {
        let waiting = state.withLock { state in
            if let waiting = state.waiting {
                state.waiting = nil
                return waiting as CheckedContinuation?
            }
            if isReplaceable, state.elements.last?.isReplaceable == true { state.elements.removeLast() }
            state.elements.append((element, isReplaceable))
            return nil
        }
        waiting?.resume(returning: .success(element))
    }

    /// Says that nothing follows, or why.
    func finish(_ end: Result<Void, Failure>) {
        let waiting = state.withLock { state in
            state.end = end
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume(returning: end.map { nil })
    }

    fileprivate func next(
        isolation actor: isolated (any Actor)?
    ) async -> Result<Element?, Failure> {
        await withCheckedContinuation(isolation: actor) { continuation in
            let ready: Result<Element?, Failure>? = state.withLock { state in
                if !state.elements.isEmpty { return .success(state.elements.removeFirst().element) }
                if let end = state.end {
                    // An error is told once.
                    state.end = .success(())
                    return end.map { nil }
                }
                state.waiting = continuation
                return nil
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }

    /// The task's end of a channel: asks the work to end when the task is cancelled or the reader goes away.
    package final class Reader: Sendable {
        private enum Phase {
            case new, started(WorkQueue.Job)
        }

        private let channel = ElementChannel()
        private let phase = Lock(Phase.new)
        private let queue: WorkQueue
        private let body: Body
        private let refused: @Sendable (WorkRefusal) -> Failure

        /// The work: is told of the wish that it should end, and hands elements over with whether they are replaceable.
        package typealias Body =
            @Sendable (Cancellation, @escaping @Sendable (Element, Bool) -> Void) throws(Failure) -> Void

        /// Work that starts when the first element is asked for.
        ///
        /// - Parameter refused: The error where the work never begins.
        package init(
            _ queue: WorkQueue, refused: @escaping @Sendable (WorkRefusal) -> Failure, _ body: @escaping Body
        ) {
            self.refused = refused
            self.queue = queue
            self.body = body
        }

        deinit {
            if case .started(let job) = phase.withLock({ $0 }) { job.cancel() }
        }

        /// The next element; `nil` after the last one.
        package func next(isolation actor: isolated (any Actor)?) async throws(Failure) -> Element? {
            let job = phase.withLock { phase in
                if case .started(let job) = phase { return job }
                let job = start()
                phase = .started(job)
                return job
            }
            // The work itself notices the wish and ends; only then is its error here, and nothing is left behind.
            let result = await withTaskCancellationHandler(
                operation: { await channel.next(isolation: actor) }, onCancel: { job.cancel() }, isolation: actor)
            return try result.get()
        }

        private func start() -> WorkQueue.Job {
            let body = body, channel = channel, refused = refused, cancellation = Cancellation()
            return queue.start(cancellation) {
                do throws(Failure) {
                    if cancellation.isRequested { throw refused(.cancelled) }
                    try body(cancellation) { channel.send($0, isReplaceable: $1) }
                    channel.finish(.success(()))
                } catch {
                    channel.finish(.failure(error))
                }
            } refuse: {
                channel.finish(.failure(refused($0)))
            }
        }
    }
}
