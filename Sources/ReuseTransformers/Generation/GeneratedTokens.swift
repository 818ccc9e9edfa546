import BackgroundWork
import Platform

/// The tokens of a text as a model writes them.
///
/// Each iteration of the sequence lets the model write anew. Writing ends when the loop is left or its task is
/// cancelled, which throws `TransformerError` of the kind `.cancelled`.
public struct GeneratedTokens: AsyncSequence, Sendable {
    /// A token with the text that it adds.
    public typealias Element = GeneratedToken
    /// Why the model stopped writing.
    public typealias Failure = TransformerError

    let queue: WorkQueue
    let body: @Sendable (Cancellation, (GeneratedToken) -> Void) throws(TransformerError) -> Void

    /// Hands out tokens as they come.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let elements: ElementChannel<GeneratedToken, TransformerError>.Reader

        /// The next token; `nil` after the last one.
        ///
        /// - Throws: Why the model stopped writing; `.cancelled` when the task was cancelled.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(TransformerError) -> GeneratedToken? {
            let token = try await elements.next(isolation: actor)
            // Tokens that were ready before the task was cancelled are not handed on: the caller no longer listens.
            if token != nil, Task.isCancelled { throw .cancelled }
            return token
        }
    }

    /// Begins to write.
    public func makeAsyncIterator() -> AsyncIterator {
        let body = body
        return AsyncIterator(
            elements: .init(queue, refused: { TransformerError(refusal: $0) }) { (cancellation, send) throws(TransformerError) in
                try body(cancellation) { send($0, false) }
            })
    }
}
