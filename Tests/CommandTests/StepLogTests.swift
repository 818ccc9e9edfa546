import Foundation
import TestSupport
import Testing

@Suite("Steps in a log")
struct StepLogTests {
    private let scratch = Scratch()

    private func steps(_ outcome: Command.Outcome) -> [String] {
        outcome.errors.split(separator: "\n").compactMap { line in
            line.wholeMatch(of: /reuseformer: (.+): [0-9.]+ (s|min.*)/).map { String($0.output.1) }
        }
    }

    @Test("a step that failed is not among those that are done")
    func failure() throws {
        let texts = try scratch.lines(4, of: Command.fixture + "/heldout.txt", as: "t.txt")
        // Readable as a checkpoint, but for its weights.
        let folder = scratch.url("model")
        try FileManager.default.copyItem(at: URL(fileURLWithPath: Command.fixture), to: folder)
        let weights = folder.appending(path: "tf_model.h5")
        let bytes = try Data(contentsOf: weights)
        try bytes.prefix(bytes.count / 2).write(to: weights)
        for line in [
            ["run", folder.path, "--texts", texts, "-o", scratch("x.npy")],
            ["verify", Command.fixture, folder.path, "--data", texts],
            ["analyze", folder.path, "--calibration", texts, "-o", scratch("a.json")],
            ["bench", folder.path, "--shape", "1x4"], ["eval", folder.path, "--texts", texts],
            ["precisions", folder.path, "--calibration", texts],
            ["convert", folder.path, "--calibration", texts, "--budget", "1/3", "-o", scratch("x.reuse.h5")],
        ] {
            let outcome = try Command.Running(line).wait()
            #expect(outcome.status == 5, "\(outcome.errors)")
            #expect(steps(outcome).isEmpty, "\(line[0]): \(outcome.errors)")
        }
    }

    @Test("steps before the one that failed are logged as done")
    func before() throws {
        try Data(Array("plain\nna".utf8) + [0xEF, 0x76, 0x65, 0x0A]).write(to: scratch.url("latin1.txt"))
        let outcome = try Command.run("run", Command.fixture, "--texts", scratch("latin1.txt"), "-o", scratch("x.npy"))
        #expect(outcome.status == 2 && steps(outcome) == ["Reading the model"], "\(outcome.errors)")
    }

    @Test("seconds of measuring stand in the JUnit file")
    func seconds() throws {
        let texts = try scratch.lines(4, of: Command.fixture + "/heldout.txt", as: "t.txt")
        let outcome = try Command.run(
            "verify", Command.fixture, Command.fixture, "--data", texts, "--fail-on", "hidden.cosine.mean<0.9",
            "--junit", scratch("v.xml"))
        #expect(outcome.status == 0, "\(outcome.errors)")
        let text = try String(contentsOf: scratch.url("v.xml"), encoding: .utf8)
        let times = text.matches(of: #/ time="([0-9.]+)"/#).compactMap { Double($0.output.1) }
        // The suite, the gate, and that equal models compute the same.
        #expect(times.count == 3 && times.allSatisfy { $0 > 0 } && abs(times[0] - times[1] - times[2]) < 0.002)
    }

    @Test("the last step of a search that was not a failure is logged")
    func success() throws {
        let texts = try scratch.lines(4, of: Command.fixture + "/heldout.txt", as: "t.txt")
        let outcome = try Command.run("run", Command.fixture, "--texts", texts, "-o", scratch("x.npy"))
        #expect(steps(outcome) == ["Reading the model", "Running the model"], "\(outcome.errors)")
    }
}
