import Foundation
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

@Suite("Interrupted runs", .serialized)
struct InterruptionTests {
    private let scratch = Scratch()

    private func start(_ texts: String) throws -> Command.Running {
        try Command.Running([
            "convert", Command.fixture, "--budget", "1/3", "--heal", "none", "--calibration", texts, "-o",
            scratch("small.reuse.h5"), "--force",
        ])
    }

    @Test("130: Ctrl-C and SIGTERM end a conversion and leave nothing", arguments: [SIGINT, SIGTERM])
    func signals(number: Int32) throws {
        // A pipe without a writer holds the command where it reads its texts, for as long as it takes.
        try #require(mkfifo(scratch("texts.txt"), 0o600) == 0)
        let running = try start(scratch("texts.txt"))
        // Opening for writing waits for the reader.
        let writer = try FileHandle(forWritingTo: scratch.url("texts.txt"))
        kill(running.process.processIdentifier, number)
        let outcome = try running.wait()
        try writer.close()
        #expect(outcome.status == 130 && !outcome.wasKilled)
        #expect(outcome.message.contains("interrupted"))
        #expect(scratch.names == ["texts.txt"])
    }

    @Test("a conversion killed while it writes leaves nothing under the name, and the next one clears up")
    func killed() throws {
        let texts = try scratch.lines(24, of: Command.fixture + "/calibration.txt", as: "some.txt")
        let running = try start(texts)
        while running.process.isRunning, !scratch.names.contains(where: { $0.hasSuffix(".partial") }) {
            usleep(200)
        }
        kill(running.process.processIdentifier, SIGKILL)
        let outcome = try running.wait()
        if outcome.wasKilled { #expect(!scratch.names.contains("small.reuse.h5")) }
        let next = try start(texts).wait()
        #expect(next.status == 0, "\(next.errors)")
        #expect(scratch.names == ["small.reuse.h5", "some.txt"])
    }

    @Test("killed at any moment, what stands under the name is nothing or whole", arguments: [1, 5, 20, 60, 150, 400])
    func killedAnywhere(milliseconds: UInt32) throws {
        let texts = try scratch.lines(24, of: Command.fixture + "/calibration.txt", as: "some.txt")
        let running = try start(texts)
        usleep(milliseconds * 1000)
        kill(running.process.processIdentifier, SIGKILL)
        _ = try running.wait()
        if scratch.names.contains("small.reuse.h5") {
            #expect(try Command.run("extract", scratch("small.reuse.h5"), "-o", scratch("out.npz")).status == 0)
        }
    }
}
