import JSON
import ModelGraph
import Platform
import ReuseTransformers

/// Standard output and standard error: results on the one, everything else on the other.
enum Terminal {
    /// The command line, without the program's name: reports carry it.
    static var arguments: [String] { Array(CommandLine.arguments.dropFirst()) }

    private static let isPipeClosed = Lock(false)

    private static let taken = Lock(false)

    /// Whether a file goes to standard output (`-o -`): what is meant for people goes to standard error then.
    static var isOutputTaken: Bool {
        get { taken.withLock { $0 } }
        set { taken.withLock { $0 = newValue } }
    }

    /// Writes results. A reader that has gone away is no error: what follows is dropped.
    static func print(_ text: String) { write(text + "\n", to: isOutputTaken ? STDERR_FILENO : STDOUT_FILENO) }

    /// Writes a document of ours as JSON; the encoder escapes what could steer a terminal.
    static func print(document: some Encodable) throws {
        write(String(decoding: try Document.encode(document, isForTerminal: true), as: UTF8.self), to: STDOUT_FILENO)
    }

    /// Writes a message for a person.
    static func note(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    /// Writes text as it is. A loop of its own: what cannot be written to a screen is no error of a file.
    static func write(_ text: String, to descriptor: Int32) {
        guard descriptor == STDERR_FILENO || !isPipeClosed.withLock({ $0 }) else { return }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
            if written > 0 {
                bytes = bytes.dropFirst(written)
            } else if errno != EINTR {
                // EPIPE above all: `reuseformer inspect … | head` has seen enough.
                if descriptor == STDOUT_FILENO { isPipeClosed.withLock { $0 = true } }
                return
            }
        }
    }

    private static let quiet = Lock(false)

    /// Whether only errors, warnings and results are shown: no progress, no word about what was written.
    static var isQuiet: Bool {
        get { quiet.withLock { $0 } }
        set { quiet.withLock { $0 = newValue } }
    }

    /// Says what was written, and how large it is.
    static func noteWritten(_ path: String, _ more: String = "") {
        guard !isQuiet, path != "/dev/null", path != OutputFile.standardOutput else { return }
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
