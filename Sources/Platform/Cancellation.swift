import Synchronization

/// A wish that long work should end, shared by who wishes and who works.
///
///     let cancellation = Cancellation()
///     …in the work, between steps of a few milliseconds: if cancellation.isRequested { throw .cancelled }
///     …elsewhere: cancellation.request()
///
/// Work that was not cancelled never sees a difference: results do not depend on it.
package final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)

    package init() {}

    /// Whether the work should end.
    package var isRequested: Bool { flag.load(ordering: .relaxed) }

    /// Asks the work to end. May be called from any thread, more than once.
    package func request() { flag.store(true, ordering: .relaxed) }
}
