import BackgroundWork
import Platform

/// Long work as a sequence of steps: how far it is, and at the end its result.
///
///     for try await step in analyzer.analyze(calibration: texts) {
///         switch step {
///         case .progress(let progress): print(progress)
///         case .finished(let analysis): print(analysis.heads.count)
///         }
///     }
///
/// Who only wants the result awaits `output`. Each iteration works anew; work begins with the first element that is
/// asked for, on threads of its own, and ends within a second when its task is cancelled or the loop is left.
public struct WorkSteps<Output: Sendable>: AsyncSequence, Sendable {
    /// One step.
    public enum Step: Sendable {
        /// How far the work is.
        case progress(WorkProgress)
        /// The result; nothing follows.
        case finished(Output)
    }

    /// A step: progress, or the result.
    public typealias Element = Step
    /// Why there is no result.
    public typealias Failure = TransformerError

    private let body: @Sendable (Work) throws(TransformerError) -> Output

    package init(_ body: @escaping @Sendable (Work) throws(TransformerError) -> Output) { self.body = body }

    /// Hands out steps as they are reached. A slow reader misses progress, never the result.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let elements: ElementChannel<Step, TransformerError>.Reader

        /// The next step; `nil` after the result.
        ///
        /// - Throws: Why there is no result; `.cancelled` when the task was cancelled.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(TransformerError) -> Step? {
            try await elements.next(isolation: actor)
        }
    }

    /// Begins the work.
    public func makeAsyncIterator() -> AsyncIterator {
        let body = body
        return AsyncIterator(
            elements: .init(.unlimited, refused: { TransformerError(refusal: $0) }) {
                (cancellation, send) throws(TransformerError) in
                let work = Work(cancellation: cancellation, report: { send(.progress($0), true) })
                send(.finished(try body(work)), false)
            })
    }

    /// The result, once it is there.
    ///
    /// - Throws: Why there is none; `.cancelled` when the task was cancelled.
    public var output: Output {
        get async throws(TransformerError) {
            let body = body
            return try await WorkQueue.unlimited.run { (cancellation) throws(TransformerError) in
                try body(Work(cancellation: cancellation))
            }
        }
    }

    /// Does the work on this thread.
    package func run(_ work: Work = Work()) throws(TransformerError) -> Output {
        try work.checkCancellation()
        return try body(work)
    }
}

extension WorkQueue {
    /// Runs `body` on another thread and suspends until it is done.
    func run<Output: Sendable>(
        _ body: @escaping @Sendable (Cancellation) throws(TransformerError) -> Output
    ) async throws(TransformerError) -> Output {
        try await run(refused: { TransformerError(refusal: $0) }, body)
    }
}

extension TransformerError {
    /// Why work never began.
    init(refusal: WorkRefusal) {
        switch refusal {
        case .cancelled: self = .cancelled
        case .noThread(let reason): self.init(.inputOutput, reason)
        }
    }
}
