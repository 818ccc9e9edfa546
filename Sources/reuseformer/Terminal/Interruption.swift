import Platform
import Files
import Foundation

/// Ctrl-C and SIGTERM: partial files go away, then the process does.
enum Interruption {
    /// Starts to listen. The work itself never has to ask whether it was interrupted.
    static func install() {
        // A closed pipe shows as an error of `write`, which knows what to do.
        signal(SIGPIPE, SIG_IGN)
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        // Blocked here, before any other thread exists, and so in every thread; one thread waits for them.
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        let waited = signals
        Thread.detachNewThread {
            var set = waited
            var number: Int32 = 0
            while sigwait(&set, &number) != 0 {}
            leave()
        }
    }

    private static func leave() {
        AtomicFile.removePending()
        if Terminal.isInteractive { Terminal.write("\r\u{1B}[2K", to: STDERR_FILENO) }
        Terminal.note("reuseformer: interrupted; nothing half-written is left")
        // No destructors: other threads are still at work with what they would free.
        _exit(ExitStatus.interrupted.rawValue)
    }
}
