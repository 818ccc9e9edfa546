import Platform
import Foundation
import TestSupport
import Testing

@Suite("Interrupted runs", .serialized)
struct InterruptionTests {
    private let scratch = Scratch()

    private func start(_ texts: String) throws -> Command.Running {
        // Along a plan: most of the run is then writing and reading back, where being killed matters.
        try Command.Running([
            "convert", Command.fixture, "--plan", try Converted.shared.get().plan, "--heal", "none", "--calibration",
            texts, "-o", scratch("small.reuse.h5"), "--force",
        ])
    }

    @Test("exit 130: Ctrl-C and SIGTERM end a conversion and leave nothing", arguments: [SIGINT, SIGTERM])
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
        while running.process.isRunning, !scratch.names.contains(where: Self.isPartial) {
            usleep(200)
        }
        kill(running.process.processIdentifier, SIGKILL)
        let outcome = try running.wait()
        if outcome.wasKilled { #expect(!scratch.names.contains("small.reuse.h5")) }
        let next = try start(texts).wait()
        #expect(next.status == 0, "\(next.errors)")
        #expect(scratch.names == ["small.reuse.h5", "some.txt"])
    }

    @Test(
        "a conversion ended at any moment leaves no file or a whole one, and the next run clears up",
        arguments: [SIGKILL, SIGTERM])
    func endedAnywhere(number: Int32) throws {
        let texts = try scratch.lines(24, of: Command.fixture + "/calibration.txt", as: "some.txt")
        let clock = ContinuousClock()
        var whole = Data()
        let duration = try clock.measure {
            let outcome = try start(texts).wait()
            try #require(outcome.status == 0, "\(outcome.errors)")
            whole = try Data(contentsOf: scratch.url("small.reuse.h5"))
        }
        var random = SeededGenerator(seed: UInt64(number))
        for round in 0..<8 {
            try? FileManager.default.removeItem(at: scratch.url("small.reuse.h5"))
            let running = try start(texts)
            // Half of the rounds wait until something is being written.
            while round % 2 == 1, running.process.isRunning, !scratch.names.contains(where: Self.isPartial) {
                usleep(200)
            }
            usleep(UInt32(duration / .microseconds(round % 2 == 1 ? 4 : 1) * Double.random(in: 0...1, using: &random)))
            kill(running.process.processIdentifier, number)
            let outcome = try running.wait()
            if number == SIGTERM {
                #expect(!outcome.wasKilled && [0, 130].contains(outcome.status), "\(outcome.errors)")
                #expect(!scratch.names.contains(where: Self.isPartial))
            }
            if let left = try? Data(contentsOf: scratch.url("small.reuse.h5")) { #expect(left == whole) }
        }
        #expect(try start(texts).wait().status == 0)
        #expect(scratch.names == ["small.reuse.h5", "some.txt"])
        #expect(try Data(contentsOf: scratch.url("small.reuse.h5")) == whole)
    }

    private static func isPartial(_ name: String) -> Bool { name.hasSuffix(".partial") }
}
