import JSON
import ModelGraph
import Platform
import Reporting
import ReuseTransformers

/// Standard output and standard error: results on the one, everything else on the other.
enum Terminal {
    /// The command line, without the program's name: reports carry it.
    static var arguments: [String] { Array(CommandLine.arguments.dropFirst()) }

    /// Why standard output takes no more: the number of the error.
    private static let outputFailure = Lock<Int32?>(nil)

    /// Files that were written whole.
    private static let writtenFiles = Lock<[String]>([])

    private static let taken = Lock(false)

    /// Whether a file goes to standard output (`-o -`): what is meant for people goes to standard error then.
    static var isOutputTaken: Bool {
        get { taken.withLock { $0 } }
        set { taken.withLock { $0 = newValue } }
    }

    /// Columns that tables may take: the screen's, 80 where it does not tell; `nil` for files and programs, which get
    /// whole lines.
    static var width: Int? {
        let descriptor = isOutputTaken ? STDERR_FILENO : STDOUT_FILENO
        guard isatty(descriptor) == 1 else { return nil }
        var size = winsize()
        let isKnown = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return isKnown ? max(Int(size.ws_col), 40) : PlanTable.width
    }

    /// Writes results. A reader that has gone away is no error: what follows is dropped.
    static func print(_ text: String) { write(text + "\n", to: isOutputTaken ? STDERR_FILENO : STDOUT_FILENO) }

    /// Writes a document of ours as JSON; the encoder escapes what could steer a terminal.
    static func print(document: some Encodable) throws {
        write(String(decoding: try Document.encode(document, isForTerminal: true), as: UTF8.self), to: STDOUT_FILENO)
    }

    /// Writes a message for a person, in place of a bar that may stand in the line.
    static func note(_ text: String) { write((isInteractive ? "\r\u{1B}[2K" : "") + text + "\n", to: STDERR_FILENO) }

    /// Writes text as it is. A loop of its own: what cannot be written to a screen is no error of a file.
    static func write(_ text: String, to descriptor: Int32) {
        guard descriptor == STDERR_FILENO || outputFailure.withLock({ $0 }) == nil else { return }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
            if written > 0 {
                bytes = bytes.dropFirst(written)
            } else if errno == EAGAIN {
                // A screen or a pipe that another program has made non-blocking, and that is full.
                var events = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&events, 1, 1000)
            } else if errno != EINTR {
                let code = errno
                if descriptor == STDOUT_FILENO { outputFailure.withLock { $0 = code } }
                return
            }
        }
    }

    /// How the command ends when it has ended as `status` says: results that could not be written are not done.
    static func checked(_ status: ExitStatus) -> ExitStatus {
        // EPIPE: `reuseformer inspect … | head` has seen enough.
        guard let code = outputFailure.withLock({ $0 }), code != EPIPE, status == .done || status == .gateFailed else {
            return status
        }
        let files = writtenFiles.withLock { $0 }.map(escaped)
        let complete = files.isEmpty ? "" : "; complete all the same: \(files.joined(separator: ", "))"
        note("reuseformer: standard output: \(systemMessage(code))\(complete)")
        return .inputOutput
    }

    /// Says that a file gives nothing yet: a pipe that no program writes into.
    static func noteWaiting(_ path: String) {
        note(
            "reuseformer: \(escaped(path)): nothing has come yet; waiting for the program that writes it (Ctrl-C ends)")
    }

    private static let quiet = Lock(false)

    /// Whether only errors, warnings and results are shown: no progress, no word about what was written.
    static var isQuiet: Bool {
        get { quiet.withLock { $0 } }
        set { quiet.withLock { $0 = newValue } }
    }

    /// Says what was written, and how large it is.
    static func noteWritten(_ path: String, _ more: String = "") {
        guard path != "/dev/null", path != OutputFile.standardOutput else { return }
        writtenFiles.withLock { $0.append(path) }
        guard !isQuiet else { return }
        note("reuseformer: wrote \(escaped(path))\(more.isEmpty ? "" : ": \(more)")")
    }

    /// Whether messages go to a person's screen.
    static let isInteractive = isatty(STDERR_FILENO) == 1

    /// `text` with what could steer the terminal spelled out, but for line ends, tabs and joiners of letters: what a
    /// model writes cannot steer it either.
    static func readable(_ text: String) -> String {
        text.escaped(keeping: Set<Unicode.Scalar>.joiners.union(["\n", "\t"]))
    }

    /// `text` with what could steer the terminal spelled out: names from a file.
    static func escaped(_ text: some StringProtocol) -> String { text.escaped }
}

private func systemWrite(_ descriptor: Int32, _ base: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, base, count)
}
