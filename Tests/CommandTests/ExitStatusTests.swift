import Foundation
import TestSupport
import Testing

@Suite("Exit statuses")
struct ExitStatusTests {
    private let scratch = Scratch()

    @Test("exit 0: done, results on standard output, nothing on standard error")
    func done() throws {
        let outcome = try Command.run("inspect", Command.fixture)
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("36 of 36 heads compute a map"))
        #expect(outcome.errors.isEmpty)
    }

    /// A copy of the command in a folder of its own.
    private func copiedCommand() throws -> URL {
        let path = scratch("reuseformer")
        // By another process: what this one holds open for writing, a process started meanwhile would hold open too,
        // and a program that anyone writes cannot be started.
        let copying = try Process.run(
            URL(fileURLWithPath: "/bin/cp"), arguments: [Command.executable.path, path])
        copying.waitUntilExit()
        return URL(fileURLWithPath: path)
    }

    @Test(
        "exit 6: a program that was installed without its helper says so and what to do; it is no defect of the program"
    )
    func brokenInstallation() throws {
        // The program alone in a folder, as a careless package would have it.
        let outcome = try Command.Running(["inspect", Command.fixture], executable: try copiedCommand()).wait()
        #expect(outcome.status == 6 && !outcome.wasKilled)
        #expect(outcome.message.contains("reuseformer-h5index was not found; install reuseformer-h5index beside"))
        #expect(!outcome.message.contains("defect"))
        #expect(outcome.output.isEmpty)
    }

    @Test("exit 6: so does one whose helper is another program")
    func wrongHelper() throws {
        let command = try copiedCommand()
        try FileManager.default.createSymbolicLink(
            atPath: scratch("reuseformer-h5index"), withDestinationPath: "/bin/false")
        let before = scratch.names
        let outcome = try Command.Running(
            ["extract", Command.fixture, "-o", scratch("out.npz")], executable: command
        ).wait()
        #expect(outcome.status == 6)
        #expect(outcome.message.contains("the index helper does not work"))
        #expect(scratch.names == before)
    }

    @Test("neither the current folder nor the environment chooses the helper that is run")
    func helperOfOthers() throws {
        let trap = scratch("reuseformer-h5index")
        try FileManager.default.createSymbolicLink(atPath: trap, withDestinationPath: "/bin/false")
        let outcome = try Command.Running(
            ["inspect", Command.fixture], environment: ["REUSEFORMER_H5INDEX": trap, "PATH": scratch.path],
            currentFolder: scratch.path
        ).wait()
        #expect(outcome.status == 0, "\(outcome.message)")
    }

    @Test("exit 5: a limit that the environment lowers holds for every file that is opened")
    func loweredLimit() throws {
        for arguments in [["inspect", Command.fixture], ["extract", Command.fixture, "-o", scratch("out.npz")]] {
            let outcome = try Command.Running(arguments, environment: ["REUSEFORMER_LIMITS": "objects=2"]).wait()
            #expect(outcome.status == 5)
            #expect(outcome.message.contains("objects") && outcome.message.contains("REUSEFORMER_LIMITS"))
        }
    }

    @Test("exit 2: limits that do not exist are named")
    func limits() throws {
        let outcome = try Command.run(
            "inspect", Command.fixture, environment: ["REUSEFORMER_LIMITS": "object=3"])
        #expect(outcome.status == 2)
        #expect(outcome.message.contains("REUSEFORMER_LIMITS") && outcome.message.contains("objects"))
    }

    @Test(
        "exit 2: wrong use, with what to give instead",
        arguments: [
            (["frobnicate"], "frobnicate"), (["inspect"], "<model>"), (["inspect", "x", "--jason"], "--jason"),
            (["run", "m", "-o", "o.npy"], "--texts, --pairs, --images and --inputs"),
            (["run", "m", "--texts", "t"], "--output"), (["run", "m", "--generate"], "--prompt, --texts and --inputs"),
            (["run", "m", "--generate", "--prompt", "a", "-o", "o"], "--generate prints"),
            (["run", "m", "--texts", "t", "-o", "o.npy", "--top-k", "3"], "go with --generate"),
            (["run", "m", "--generate", "--prompt", "a", "--top-p", "1.5"], "at most 1"),
            (["eval", "m"], "--texts, --labelled, --images, --pairs or --answers"),
            (["eval", "m", "--pairs", "p", "--whole"], "--texts"),
            (["run", "m", "--texts", "t", "-o", "o.npz"], "--dump"),
            (["run", "m", "--texts", "t", "--dump", "hidden,soul", "-o", "o.npz"], "\"soul\""),
            (["convert", "m", "--calibration", "t"], "--output"),
            (["convert", "m", "--budget", "1/3", "-o", "o"], "--calibration"),
            (["convert", "m", "--budget", "1/3", "--calibration", "t", "-o", "o", "--compress", "zstd:99"], "1 to 19"),
            (["convert", "m", "--budget", "4/3", "--calibration", "t", "-o", "o"], "between 0 and 1"),
            (
                ["convert", "m", "--budget", "hours:3", "--calibration", "t", "-o", "o"],
                "maps, macs, bytes, speed and quality"
            ),
            (["verify", "a", "b", "--data", "t", "--fail-on", "niceness<1"], "hidden.cosine.mean"),
            (["verify", "a", "b"], "--data"), (["bench", "m", "--shape", "32x"], "32x128"),
            (["bench", "m", "--ragged", "4x9-3"], "32x8-128"), (["bench", "m", "--threads", "0"], "1,2"),
            (["inspect", "m", "--threads", "2"], "--threads"), (["plan", "a.json"], "--budget"),
        ])
    func usage(arguments: [String], mention: String) throws {
        let outcome = try Command.Running(arguments).wait()
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains(mention))
        #expect(outcome.output.isEmpty)
    }

    @Test("exit 2: a plan that breaks the rules is explained head by head")
    func invalidPlan() throws {
        let converted = try Converted.shared.get()
        let plan = try String(contentsOfFile: converted.plan, encoding: .utf8)
            .replacing("\"layer_0/attention\"", with: "\"layer_9/attention\"")
        try scratch.file("plan.json", contents: plan)
        let outcome = try Command.run("validate", scratch("plan.json"), "--checkpoint", Command.fixture)
        #expect(outcome.status == 2)
        #expect(outcome.message.contains("layer_9/attention"))
        #expect(outcome.errors.split(separator: "\n").count == 1)
    }

    @Test("exit 2: a budget out of reach tells what can be reached")
    func unreachable() throws {
        let outcome = try Command.run("plan", try Converted.shared.get().analysis, "--budget", "bytes:90%")
        #expect(outcome.status == 2)
        #expect(outcome.message.contains("largest saving"))
    }

    @Test("exit 3: a gate that fails names metric, value and condition; one that passes ends with 0")
    func gates() throws {
        let converted = try Converted.shared.get()
        let strict = try Command.run(
            "verify", Command.fixture, converted.model, "--data", converted.heldOut, "--json", "--junit",
            scratch("verdict.xml"), "--fail-on", "maps.saved<0.3", "--fail-on", "hidden.cosine.mean<0.999999")
        #expect(strict.status == 3)
        #expect(strict.message.contains("hidden.cosine.mean is") && strict.message.contains("< 0.999999"))
        let verdict = try #require(
            try JSONSerialization.jsonObject(with: Data(strict.output.utf8)) as? [String: Any])
        #expect(verdict["passed"] as? Bool == false)
        try Converted.keep(strict.output, as: "report-gates.json")
        let junit = try String(contentsOfFile: scratch("verdict.xml"), encoding: .utf8)
        #expect(junit.contains("tests=\"2\" failures=\"1\""))

        let lenient = try Command.run(
            "verify", Command.fixture, converted.model, "--data", converted.heldOut, "--fail-on",
            "maps.saved<0.3")
        #expect(lenient.status == 0)
        #expect(lenient.output.contains("maps.saved"))
    }

    @Test("exit 4: a file that is recognised and not handled is named with the reason")
    func unsupported() throws {
        let file = Command.root.appending(path: "fixtures/hdf5/hostile/unknown_filter.h5").path
        let outcome = try Command.run("extract", file, "-o", scratch("out.npz"))
        #expect(outcome.status == 4)
        #expect(outcome.message.contains("unknown_filter.h5"))
        #expect(scratch.names.isEmpty)
    }

    @Test("exit 5: a checkpoint that was cut off is corrupt", arguments: ["extract", "inspect"])
    func truncated(command: String) throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: Command.fixture + "/tf_model.h5"))
        try bytes.prefix(bytes.count / 2).write(to: scratch.url("half.h5"))
        let more = command == "extract" ? ["-o", scratch("out.npz")] : []
        let outcome = try Command.Running([command, scratch("half.h5")] + more).wait()
        #expect(outcome.status == 5)
        #expect(outcome.message.contains("half.h5"))
        #expect(scratch.names == ["half.h5"])
    }

    @Test("exit 5: a flipped byte anywhere in a .reuse.h5 is found", arguments: [0, 1, 9, 50, 90, 99, 100])
    func flippedByte(percent: Int) throws {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: try Converted.shared.get().model))
        bytes[(bytes.count - 1) * percent / 100] ^= 0x10
        try bytes.write(to: scratch.url("flipped.reuse.h5"))
        try scratch.file("texts.txt", contents: "one text\n")
        for command in [["run", "--texts", scratch("texts.txt")], ["extract"]] {
            let arguments = [command[0], scratch("flipped.reuse.h5"), "-o", scratch("out.npy")] + command.dropFirst()
            let outcome = try Command.Running(arguments).wait()
            #expect(outcome.status == 5)
            #expect(outcome.message.contains("flipped.reuse.h5"))
            #expect(!scratch.names.contains("out.npy"))
        }
    }

    @Test("exit 6: a path that leads nowhere, or where nothing may be written")
    func inputOutput() throws {
        let missing = try Command.run("inspect", scratch("nothing"))
        #expect(missing.status == 6)
        #expect(missing.message.contains("nothing"))
        let unwritable = try Command.run(
            "extract", Command.fixture + "/tf_model.h5", "-o", scratch("no/such/folder/out.npz"))
        #expect(unwritable.status == 6)
        let texts = try Command.run("run", Command.fixture, "--texts", scratch("none.txt"), "-o", scratch("o.npy"))
        #expect(texts.status == 6)
        #expect(texts.message.contains("none.txt"))
    }

    @Test("exit 6: a disk that fills up at any moment leaves nothing", arguments: [1, 30, 100, 700, 1200])
    func fullDisk(kibibytes: Int) throws {
        // No file of this process may grow beyond the limit; the signal that says so is ignored, so writes fail.
        let texts = try scratch.lines(24, of: Command.fixture + "/calibration.txt", as: "some.txt")
        let script = """
            ulimit -f \(kibibytes * 2); trap '' XFSZ
            exec "$0" convert "$1" --quiet --budget 1/3 --heal none --calibration "$2" -o "$3"
            """
        let outcome = try Command.Running(
            ["-c", script, Command.executable.path, Command.fixture, texts, scratch("small.reuse.h5")],
            executable: URL(fileURLWithPath: "/bin/sh")
        ).wait()
        #expect(outcome.status == 6 && !outcome.wasKilled, "\(outcome.errors)")
        let lines = outcome.errors.split(separator: "\n").filter { !$0.contains("warning: ") }
        #expect(lines.count == 1, "\(outcome.errors)")
        #expect(scratch.names == ["some.txt"])
    }

    @Test("exit 6: a file that exists is not overwritten without --force")
    func force() throws {
        try scratch.file("out.npz", contents: "precious")
        let refused = try Command.run("extract", Command.fixture, "-o", scratch("out.npz"))
        #expect(refused.status == 6)
        #expect(refused.message.contains("--force"))
        #expect(try String(contentsOf: scratch.url("out.npz"), encoding: .utf8) == "precious")
        #expect(try Command.run("extract", Command.fixture, "-o", scratch("out.npz"), "--force").status == 0)
    }

    @Test("control characters in a file's name are spelled out")
    func controlCharacters() throws {
        let outcome = try Command.run("inspect", "/no\u{1B}[2Jsuch\u{7}file")
        #expect(outcome.status == 6)
        #expect(!outcome.errors.contains("\u{1B}") && !outcome.errors.contains("\u{7}"))
    }

    @Test("a reader of standard output that goes away is no error")
    func closedPipe() throws {
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = [
            "-c", "{ \"$0\" inspect \"$1\" --json; echo $? >\"$2\"; } | true", Command.executable.path, Command.fixture,
            scratch("status"),
        ]
        try shell.run()
        shell.waitUntilExit()
        #expect(try String(contentsOf: scratch.url("status"), encoding: .utf8) == "0\n")
    }
}
