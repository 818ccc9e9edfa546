/// A value that one thread at a time may see.
///
///     let names = Lock<Set<String>>([])
///     names.withLock { _ = $0.insert("a") }
///
/// The same as `Synchronization.Mutex`, over the system's own lock: the thread sanitizer does not see that one's futex
/// on Linux, and reports every access to a guarded value.
///
/// `@unchecked Sendable`: the value is read and written under the lock only, and comes and goes by `sending`.
package final class Lock<Value>: @unchecked Sendable {
    private var value: Value
    /// The system's lock must keep its address.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>

    package init(_ value: sending Value) {
        self.value = value
        mutex = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Runs `body` on the value; other callers wait. A body must not use the lock again.
    package func withLock<Result, E: Error>(
        _ body: (inout sending Value) throws(E) -> sending Result
    ) throws(E) -> sending Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value)
    }
}
