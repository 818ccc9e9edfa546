/// Threads of the system, started by hand: where the system gives none its caller is told, while Dispatch waits for
/// ever and Foundation says nothing.
package enum SystemThread {
    /// For readers of nested documents, as much as a main thread has.
    package static let largeStack = 8 << 20

    /// Starts a thread that nobody waits for.
    ///
    /// - Parameters:
    ///   - stackSize: Bytes of its stack; `nil`: what the system gives.
    ///   - body: What it does.
    /// - Returns: Whether the system gave a thread; `body` never runs otherwise.
    package static func start(stackSize: Int? = nil, _ body: @escaping @Sendable () -> Void) -> Bool {
        var attributes = pthread_attr_t()
        guard pthread_attr_init(&attributes) == 0 else { return false }
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        if let stackSize { pthread_attr_setstacksize(&attributes, stackSize) }
        let entry = Unmanaged.passRetained(Entry(body))
        #if canImport(Darwin)
        var thread: pthread_t?
        let status = pthread_create(
            &thread, &attributes,
            { raw in
                Unmanaged<Entry>.fromOpaque(raw).takeRetainedValue().body()
                return nil
            }, entry.toOpaque())
        #else
        var thread = pthread_t()
        let status = pthread_create(
            &thread, &attributes,
            { raw in
                if let raw { Unmanaged<Entry>.fromOpaque(raw).takeRetainedValue().body() }
                return nil
            }, entry.toOpaque())
        #endif
        if status != 0 { entry.release() }
        return status == 0
    }

    private final class Entry: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
