import Foundation
import Platform
import TestSupport
import Testing

/// Named pipes in the place of files, and what can happen while a command waits for one.
@Suite("Pipes and files that change")
struct PipeTests {
    private let scratch = Scratch()

    private func pipe() -> String {
        let path = scratch("pipe.txt")
        #expect(mkfifo(path, 0o600) == 0)
        return path
    }

    /// Starts a command on an empty pipe and returns when it has said that it waits.
    private func waiting(_ arguments: [String]) throws -> Command.Running {
        let running = try Command.Running(arguments)
        var hasSaid = false
        while !hasSaid, running.process.isRunning {
            usleep(50_000)
            hasSaid = try running.errors().contains("pipe.txt: nothing has come yet; waiting")
        }
        let errors = try running.errors()
        #expect(hasSaid, "\(errors)")
        return running
    }

    @Test("what is written into a pipe is read as a file would be")
    func written() throws {
        let path = pipe()
        let texts = try scratch.lines(8, of: Command.fixture + "/heldout.txt", as: "texts.txt")
        let contents = try Data(contentsOf: URL(fileURLWithPath: texts))
        let running = try waiting(["run", Command.fixture, "--texts", path, "-o", scratch("a.npy")])
        let writer = open(path, O_WRONLY)
        // In pieces that end inside of lines.
        for start in stride(from: 0, to: contents.count, by: 37) {
            let piece = contents[start..<min(start + 37, contents.count)]
            #expect(piece.withUnsafeBytes { write(writer, $0.baseAddress, $0.count) } == piece.count)
        }
        close(writer)
        #expect(try running.wait().status == 0)
        #expect(try Command.run("run", Command.fixture, "--texts", texts, "-o", scratch("b.npy")).status == 0)
        #expect(try Data(contentsOf: scratch.url("a.npy")) == Data(contentsOf: scratch.url("b.npy")))
    }

    @Test(
        "a pipe without a writer is waited for with a word, until a signal ends the command: 130, nothing left",
        arguments: [SIGINT, SIGTERM, SIGHUP, SIGQUIT])
    func interrupted(_ signal: Int32) throws {
        let path = pipe()
        let running = try waiting(
            ["convert", Command.fixture, "--calibration", path, "--budget", "1/3", "-o", scratch("n.reuse.h5")])
        kill(running.process.processIdentifier, signal)
        let outcome = try running.wait()
        #expect(outcome.status == 130 && !outcome.wasKilled)
        #expect(scratch.names == ["pipe.txt"])
    }

    @Test("a signal that the caller has the command ignore is ignored (nohup)")
    func ignored() throws {
        let path = pipe()
        let running = try Command.Running(
            ["-c", #"trap "" HUP; exec "$B" run "$F" --texts "$P" -o "$O""#],
            environment: [
                "B": Command.executable.path, "F": Command.fixture, "P": path, "O": scratch("a.npy"),
            ], executable: URL(fileURLWithPath: "/bin/sh"))
        while try !running.errors().contains("waiting"), running.process.isRunning { usleep(50_000) }
        kill(running.process.processIdentifier, SIGHUP)
        usleep(200_000)
        #expect(running.process.isRunning)
        try "a text\n".write(toFile: path, atomically: false, encoding: .utf8)
        #expect(try running.wait().status == 0)
    }

    #if os(Linux)
    @Test("a model that shrinks while it is in use ends the command with its name: exit 6, nothing left")
    func shrunk() throws {
        let path = pipe()
        let model = scratch.url("model")
        try FileManager.default.copyItem(at: URL(fileURLWithPath: Command.fixture), to: model)
        let running = try waiting(
            ["convert", model.path, "--calibration", path, "--budget", "1/3", "-o", scratch("n.reuse.h5")])
        // What is stored as it is used is read where it is mapped; it was checked, and is read again for the analysis.
        #expect(truncate(model.appending(path: "tf_model.h5").path, 4096) == 0)
        let texts = try String(contentsOfFile: Command.fixture + "/calibration.txt", encoding: .utf8)
        try texts.split(separator: "\n").prefix(40).joined(separator: "\n")
            .write(toFile: path, atomically: false, encoding: .utf8)
        let outcome = try running.wait()
        #expect(outcome.status == 6 && !outcome.wasKilled)
        #expect(outcome.message.contains("tf_model.h5: became shorter while it was read"))
        #expect(scratch.names == ["model", "pipe.txt"])
    }
    #endif
}
