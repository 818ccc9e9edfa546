import JSON
import ModelGraph
import Platform
import Synchronization

/// Standard output and standard error: results on the one, everything else on the other.
enum Terminal {
    private static let isPipeClosed = Mutex(false)

    /// Writes results. A reader that has gone away is no error: what follows is dropped.
    static func print(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

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

    /// Whether messages go to a person's screen.
    static let isInteractive = isatty(STDERR_FILENO) == 1

    /// `text` with control characters spelled out, but for line ends and tabs: what a model writes cannot steer the
    /// terminal either.
    static func readable(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            result += scalar == "\n" || scalar == "\t" ? String(scalar) : escaped(String(scalar))
        }
    }

    /// `text` with control characters spelled out, so that names from a file cannot steer the terminal.
    static func escaped(_ text: some StringProtocol) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case _ where isSteering(scalar): result += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Controls, C1 among them, and the marks that end lines or reorder text on a screen.
    private static func isSteering(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }
}

private func systemWrite(_ descriptor: Int32, _ base: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, base, count)
}
