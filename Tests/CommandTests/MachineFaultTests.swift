import Foundation
import Platform
import TestSupport
import Testing

/// What the machine does to a command: limits, closed and full streams, pipes, files that others change meanwhile. No
/// crash, no wait without a word, no defect where none is, and never exit 0 without the result.
@Suite("Faults of the machine")
struct MachineFaultTests {
    private let scratch = Scratch()

    /// Runs a line of the shell in which `B` is the command and `F` the folder of a small model.
    private func shell(_ line: String) throws -> Command.Outcome {
        try Command.Running(
            ["-c", line],
            environment: ["B": Command.executable.path, "F": Command.fixture, "S": scratch.path],
            executable: URL(fileURLWithPath: "/bin/sh")
        ).wait()
    }

    /// A few texts in a file.
    private func texts() throws -> String {
        try scratch.lines(24, of: Command.fixture + "/heldout.txt", as: "texts.txt")
    }

    #if os(Linux)
    @Test(
        "under a limit of memory a command does its work, or says that the limit is reached: exit 6, no dump",
        arguments: [200_000, 260_000, 320_000, 400_000, 500_000, 700_000])
    func memory(_ kilobytes: Int) throws {
        _ = try texts()
        for command in [
            #"inspect "$F""#, #"run "$F" --texts "$S/texts.txt" -o "$S/rows.npy" --force"#,
            #"convert "$F" --calibration "$S/texts.txt" --budget 1/3 -o "$S/new.reuse.h5" --force -q"#,
        ] {
            let outcome = try shell("ulimit -v \(kilobytes); exec \"$B\" \(command)")
            #expect(!outcome.wasKilled && [0, 6].contains(outcome.status), "\(command): \(outcome.errors.suffix(300))")
            #expect(!outcome.errors.contains("crashed") && !outcome.errors.contains("defect"), "\(command)")
            if outcome.status == 6 { #expect(outcome.message.contains("ulimit -"), "\(command): \(outcome.message)") }
            #expect(scratch.names.allSatisfy { !$0.hasSuffix(".partial") })
        }
    }

    @Test("results that cannot be written to standard output are not done: exit 6")
    func fullOutput() throws {
        let outcome = try shell(#"exec "$B" inspect "$F" > /dev/full"#)
        #expect(outcome.status == 6)
        #expect(outcome.message == "reuseformer: standard output: No space left on device")
        #expect(try shell(#""$B" inspect "$F" | head -1"#).errors.isEmpty)
    }
    #endif

    @Test("with few open files a command does its work or names the limit: exit 6", arguments: 4...12)
    func openFiles(_ count: Int) throws {
        _ = try texts()
        let outcome = try shell(
            #"ulimit -n \#(count); exec "$B" run "$F" --texts "$S/texts.txt" -o "$S/rows.npy" --force"#)
        #expect(!outcome.wasKilled && [0, 6].contains(outcome.status), "\(outcome.errors)")
        #expect(!outcome.errors.contains("defect"))
    }

    @Test("standard streams that are closed are no obstacle", arguments: ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
    func closedStreams(_ closing: String) throws {
        #expect(try shell("exec \"$B\" inspect \"$F\" \(closing)").status == 0)
    }

    @Test("of several commands that write one new name the first does, the others say so: exit 6")
    func sameName() throws {
        let texts = try texts()
        let output = scratch("new.reuse.h5")
        let running = try (0..<4).map { _ in
            try Command.Running([
                "convert", Command.fixture, "--calibration", texts, "--budget", "1/3", "-o", output, "-q",
            ])
        }
        let outcomes = try running.map { try $0.wait() }
        #expect(outcomes.map(\.status).sorted() == [0, 6, 6, 6], "\(outcomes.map(\.message))")
        for outcome in outcomes where outcome.status == 6 { #expect(outcome.message.contains("new.reuse.h5: ")) }
        #expect(scratch.names == ["new.reuse.h5", "texts.txt"])
        #expect(try Command.run("inspect", output).status == 0)
        let forced = try Command.run(
            "convert", Command.fixture, "--calibration", texts, "--budget", "1/3", "-o", output, "-q", "--force")
        #expect(forced.status == 0, "\(forced.message)")
    }

    @Test("a pipe is no name for a result: it is refused before any work, and stays", arguments: [true, false])
    func specialOutput(_ isForced: Bool) throws {
        let pipe = scratch("pipe.npy")
        #expect(mkfifo(pipe, 0o600) == 0)
        let outcome = try Command.Running(
            ["run", Command.fixture, "--texts", try texts(), "-o", pipe] + (isForced ? ["--force"] : [])
        ).wait()
        #expect(outcome.status == 6 && outcome.message.contains("is a pipe or a device"))
        var status = stat()
        #expect(stat(pipe, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
    }

    @Test("a pipe in a model's place is refused by name, without waiting for a writer")
    func pipeAsModel() throws {
        let pipe = scratch("model.h5")
        #expect(mkfifo(pipe, 0o600) == 0)
        for command in [["inspect", pipe], ["run", pipe, "--texts", try texts(), "-o", scratch("o.npy")]] {
            let outcome = try Command.Running(command).wait()
            #expect(outcome.status == 6 && outcome.message.contains("model.h5: not a regular file"), "\(outcome)")
        }
    }
}
