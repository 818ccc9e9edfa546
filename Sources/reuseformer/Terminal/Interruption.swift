import Files
import Foundation
import Platform
import Synchronization

/// Where a mapped file was read beyond its end; 0: nowhere. Outside the type: a handler may capture nothing.
private let faultAddress = Atomic<UInt>(0)

/// Ctrl-C, SIGTERM and SIGHUP, and a file that shrinks while it is read: partial files go away, then the process does.
enum Interruption {
    /// Starts to listen. The work itself never has to ask whether it was interrupted.
    static func install() {
        // A closed pipe and a file beyond the allowed size show as errors of `write`, which knows what to do.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, number) }
        // Blocked here, before any other thread exists, and so in every thread; one thread waits for them.
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        let waited = signals
        Thread.detachNewThread {
            var set = waited
            var number: Int32 = 0
            while sigwait(&set, &number) != 0 {}
            leave()
        }
        catchFaults()
    }

    private static func leave() {
        let address = faultAddress.load(ordering: .acquiring)
        if address != 0 { leave(because: address) }
        end(.interrupted, "interrupted; nothing half-written is left")
    }

    private static func end(_ status: ExitStatus, _ message: String) -> Never {
        AtomicFile.removePending()
        if Terminal.isInteractive { Terminal.write("\r\u{1B}[2K", to: STDERR_FILENO) }
        Terminal.note("reuseformer: \(message)")
        // No destructors: other threads are still at work with what they would free.
        _exit(status.rawValue)
    }

    // MARK: Files that shrink

    /// Reading a mapped file beyond its new end is a fault of the thread that reads. It is stopped where it stands, and
    /// the listening thread, which may do what a handler must not, says what happened.
    private static func catchFaults() {
        // Made before a handler needs it.
        faultAddress.store(0, ordering: .relaxed)
        #if canImport(Glibc)
        var action = sigaction()
        action.sa_flags = SA_SIGINFO
        action.__sigaction_handler.sa_sigaction = { _, info, _ in
            let address = UInt(bitPattern: info?.pointee._sifields._sigfault.si_addr)
            faultAddress.store(max(address, 1), ordering: .releasing)
            kill(getpid(), SIGTERM)
            while true { pause() }
        }
        sigaction(SIGBUS, &action, nil)
        #endif
    }

    private static func leave(because address: UInt) -> Never {
        guard let path = mappedFile(at: address) else {
            // No file: a fault of the program or of the machine, which ends as such faults do.
            AtomicFile.removePending()
            signal(SIGBUS, SIG_DFL)
            kill(getpid(), SIGBUS)
            while true { pause() }
        }
        end(
            .inputOutput,
            "\(Terminal.escaped(path)): became shorter while it was read; try again when nothing writes it any more")
    }

    /// The file that is mapped at an address, as the system lists it.
    private static func mappedFile(at address: UInt) -> String? {
        guard let list = try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8) else { return nil }
        for line in list.split(separator: "\n") {
            let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
            let ends = fields.first?.split(separator: "-").compactMap { UInt($0, radix: 16) } ?? []
            guard ends.count == 2, ends[0] <= address, address < ends[1], fields.count == 6 else { continue }
            return String(fields[5].drop { $0 == " " })
        }
        return nil
    }
}
