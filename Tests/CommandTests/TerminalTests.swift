import Foundation
import Platform
import TestSupport
import Testing

#if os(Linux)
import Glibc

/// Standard error on a terminal that nobody sits at.
private final class TerminalScreen: Sendable {
    private let main: Int32
    private let shown = Lock([UInt8]())
    /// What a process writes to.
    let side: FileHandle

    init?() {
        main = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        var number: Int32 = 0, unlocked: Int32 = 0
        // TIOCGPTN and TIOCSPTLCK, which are macros of C: the terminal's number, and leave to open its other side.
        guard main >= 0, ioctl(main, 0x8004_5430, &number) == 0, ioctl(main, 0x4004_5431, &unlocked) == 0 else {
            return nil
        }
        let descriptor = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
        guard descriptor >= 0 else { return nil }
        side = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
        // A terminal holds a few kilobytes: who writes more waits for somebody who reads.
        Thread.detachNewThread { [main, shown] in
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = read(main, &buffer, buffer.count)
                guard count > 0 else { return }
                shown.withLock { $0 += buffer[..<count] }
            }
        }
    }

    /// What was shown, once the process has ended.
    func text() -> String {
        close(side.fileDescriptor)
        // What is in the terminal is read before its end is noticed.
        usleep(200_000)
        return String(decoding: shown.withLock { $0 }, as: UTF8.self)
    }
}

@Suite("On a terminal")
struct TerminalTests {
    private let scratch = Scratch()

    /// Standard error of a run, as a terminal gets it.
    private func shown(_ arguments: [String]) throws -> (status: Int32, text: String) {
        let screen = try #require(TerminalScreen())
        let process = Process()
        process.executableURL = Command.executable
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = screen.side
        try process.run()
        process.waitUntilExit()
        return (process.terminationStatus, screen.text())
    }

    @Test("a bar says which step of how many is done and how far it is; it is gone at the end, what was written stays")
    func bar() throws {
        let texts = try scratch.lines(40, of: Command.fixture + "/calibration.txt", as: "t.txt")
        let output = scratch("x.reuse.h5")
        let (status, text) = try shown([
            "convert", Command.fixture, "--calibration", texts, "--max-length", "24", "--budget", "1/3", "-o", output,
        ])
        #expect(status == 0, "\(text)")
        #expect(text.contains("1/8 Reading the model") && text.contains("━") && text.contains(" %"), "\(text)")
        // Each line that changes is taken away before the next is drawn; what stays ends its line.
        let left = text.replacing("\r\n", with: "\n").split(separator: "\n").map { line in
            line.components(separatedBy: "\u{1B}[2K").last ?? ""
        }
        #expect(!left.contains { $0.contains("━") || $0.contains("╌") }, "\(left)")
        #expect(left.contains { $0.contains("wrote \(output)") }, "\(left)")
    }

    @Test("--quiet draws nothing")
    func quiet() throws {
        let texts = try scratch.lines(4, of: Command.fixture + "/heldout.txt", as: "t.txt")
        let (status, text) = try shown(["run", Command.fixture, "--texts", texts, "-o", scratch("x.npy"), "--quiet"])
        #expect(status == 0 && text.isEmpty, "\(text)")
    }
}
#endif
