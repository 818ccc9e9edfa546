import Files
import Foundation
import Platform
import Synchronization

/// Where a mapped file was read beyond its end; 0: nowhere. Outside the type: a handler may capture nothing.
private let faultAddress = Atomic<UInt>(0)
/// Whether a thread waits for signals.
private let isListening = Atomic<Bool>(false)

/// Ctrl-C, Ctrl-\, SIGTERM and SIGHUP, and a file that shrinks while it is read: partial files go away, then the
/// process does, with status 130, or 6 for the file.
enum Interruption {
    private static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

    /// Starts to listen. The work itself never has to ask whether it was interrupted.
    static func install() {
        LastWords.prepare()
        // A closed pipe and a file beyond the allowed size show as errors of `write`, which knows what to do.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        var set = sigset_t()
        sigemptyset(&set)
        // What the caller has asked us to ignore (nohup) stays ignored.
        for number in signals where !isIgnored(number) { sigaddset(&set, number) }
        // Blocked here, before any other thread exists, and so in every thread; one thread waits for them.
        pthread_sigmask(SIG_BLOCK, &set, nil)
        let waited = set
        isListening.store(true, ordering: .relaxed)
        let isStarted = SystemThread.start {
            var set = waited
            var number: Int32 = 0
            while sigwait(&set, &number) != 0 {}
            leave()
        }
        if !isStarted { handle(set) }
        catchFaults()
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        #if canImport(Glibc)
        let handler = action.__sigaction_handler.sa_handler
        #else
        let handler = action.__sigaction_u.__sa_handler
        #endif
        return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// Where the system gives no thread that could wait: the plain way, in the handler.
    private static func handle(_ set: sigset_t) {
        isListening.store(false, ordering: .relaxed)
        for number in signals where !isIgnored(number) {
            signal(number) { _ in
                LastWords.end(.interrupted, "reuseformer: interrupted; nothing half-written is left")
            }
        }
        var set = set
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
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
        // Made before a handler needs them.
        faultAddress.store(0, ordering: .relaxed)
        _ = isListening.load(ordering: .relaxed)
        #if canImport(Glibc)
        var action = sigaction()
        action.sa_flags = SA_SIGINFO
        action.__sigaction_handler.sa_sigaction = { _, info, _ in
            let address = UInt(bitPattern: info?.pointee._sifields._sigfault.si_addr)
            if !isListening.load(ordering: .relaxed) {
                LastWords.end(.inputOutput, "reuseformer: a file became shorter while it was read; try again")
            }
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
