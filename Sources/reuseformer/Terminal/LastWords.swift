import Files
import Platform

/// The end of the process in a signal handler, or beside threads that are still at work: partial files go away, one
/// line says why, and nothing else is touched. Takes no lock and no memory.
enum LastWords {
    /// Makes what `end` reads. Called before handlers are installed.
    static func prepare() { AtomicFile.prepareForSignals() }

    /// Ends the process.
    ///
    /// - Parameter message: Without an end of line.
    static func end(_ status: ExitStatus, _ message: StaticString) -> Never {
        AtomicFile.removePending()
        write(message)
        write("\n")
        // No destructors: other threads are still at work with what they would free.
        _exit(status.rawValue)
    }

    private static func write(_ text: StaticString) {
        _ = systemWrite(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
    }
}

// Inside the type, its own function of that name would be meant.
private func systemWrite(_ descriptor: Int32, _ base: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, base, count)
}
