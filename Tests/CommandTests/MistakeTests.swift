import Foundation
import TestSupport
import Testing

/// Mistakes that people made with the command: each is told for what it is, before the first second of work.
@Suite("Mistakes that people make")
struct MistakeTests {
    /// A command line, how it ends, and what its message must contain.
    struct Mistake: Sendable, CustomTestStringConvertible {
        let arguments: [String]
        let status: Int32
        let mentions: [String]

        init(_ line: String, _ status: Int32, _ mentions: String...) {
            arguments = line.split(separator: " ").map { String($0).replacing("MODEL", with: Command.fixture) }
            self.status = status
            self.mentions = mentions
        }

        var testDescription: String { arguments.joined(separator: " ").replacing(Command.root.path, with: "") }
    }

    private let scratch = Scratch()

    static let spelling = [
        Mistake("convret MODEL", 2, "Unknown command 'convret'", "'convert'"),
        Mistake("--verison", 2, "Unknown option '--verison'", "'--version'"),
        Mistake("convert MODEL --budegt 1/3 -o x.reuse.h5", 2, "'--budegt'", "'--budget'"),
        Mistake("convert MODEL --calibrations t.txt --budget 1/3 -o x.reuse.h5", 2, "'--calibration'"),
        Mistake("run MODEL --text hello", 2, "'--text'", "'--texts'"),
        Mistake("verify MODEL MODEL --failon x<1", 2, "'--fail-on'"),
    ]

    static let outputs = [
        Mistake("convert MODEL --calibration t.txt --budget 1/3 -o x.onnx", 2, "says .onnx", ".reuse.h5"),
        Mistake("convert MODEL --calibration t.txt --budget 1/3 -o x.safetensors", 2, "says .safetensors"),
        Mistake("run MODEL --texts t.txt -o e.csv", 2, "says .csv", ".npy"),
        Mistake(
            "convert MODEL --calibration t.txt --budget 1/3 -o missing/x.reuse.h5", 6, "there is no folder missing/"),
        Mistake(
            "convert MODEL --calibration t.txt --budget 1/3 --report missing/r.html -o x.reuse.h5", 6,
            "there is no folder missing/"),
        Mistake("analyze MODEL --calibration t.txt -o /dev/null/a.json", 6, "/dev/null/"),
    ]

    static let gates = [
        Mistake(
            "verify MODEL MODEL --data t.txt --fail-on hidden.cosine.maen<1", 2, "no metric \"hidden.cosine.maen\""),
        Mistake("verify MODEL MODEL --data t.txt --fail-on hidden.cosine.mean<97", 2, "from -1 to 1"),
        Mistake("verify MODEL MODEL --data t.txt --fail-on speedup<1", 2, "--timing"),
        Mistake("verify MODEL MODEL --data t.txt --fail-on accuracy<0.9", 2, "--labels"),
        Mistake("verify MODEL MODEL --data t.txt --fail-on spearman<0.9", 2, "--pairs"),
        Mistake(
            "convert MODEL --calibration t.txt --budget quality:hidden.cosine.maen>=0.9 -o x.reuse.h5", 2,
            "no metric \"hidden.cosine.maen\""),
    ]

    @Test(
        "mistyped words are named with the nearest one; outputs that cannot be written and empty gates are refused",
        arguments: spelling + outputs + gates)
    func mistakes(_ mistake: Mistake) throws {
        let started = ContinuousClock.now
        let outcome = try Command.Running(mistake.arguments, currentFolder: scratch.path).wait()
        #expect(outcome.status == mistake.status, "\(outcome.errors)")
        #expect(!outcome.wasKilled && outcome.output.isEmpty)
        for word in mistake.mentions { #expect(outcome.errors.contains(word), "\(outcome.errors)") }
        // No bound on the machine's speed: a conversion of this model takes many times as long.
        #expect(ContinuousClock.now - started < .seconds(20))
        #expect(scratch.names.isEmpty)
    }

    @Test("a gate that fails for good values is noticed, and still does what it says")
    func invertedGate() throws {
        let texts = try scratch.file("t.txt", contents: "one two three\nfour five six\n").path
        let outcome = try Command.run(
            "verify", Command.fixture, Command.fixture, "--data", texts, "--fail-on", "hidden.cosine.mean>=0.97")
        #expect(outcome.status == 3)
        #expect(outcome.errors.contains("fails for good values: of hidden.cosine.mean more is better"))
    }

    @Test(
        "files of other tools are named, with what helps, as unsupported",
        arguments: [
            ("pytorch_model.bin", [0x80, 0x02, 0x8A, 0x0A], "a Python pickle"),
            ("model.gguf", Array("GGUF".utf8) + [3, 0, 0, 0], "a GGUF file"),
            ("model.onnx", [0x08, 0x08, 0x12, 0x07] + Array("pytorch".utf8), "an ONNX graph"),
            (
                "model.pt",
                [0x50, 0x4B, 0x03, 0x04] + [UInt8](repeating: 0, count: 22) + [16, 0, 0, 0]
                    + Array("archive/data.pkl".utf8), "a PyTorch pickle"
            ),
        ])
    func foreignFiles(_ name: String, _ head: [UInt8], _ what: String) throws {
        let path = scratch(name)
        #expect(FileManager.default.createFile(atPath: path, contents: Data(head + [UInt8](repeating: 0, count: 64))))
        for argument in [path, scratch.path] {
            let outcome = try Command.run("inspect", argument)
            #expect(outcome.status == 4, "\(outcome.errors)")
            #expect(outcome.message.contains(what) && outcome.output.isEmpty)
        }
    }

    @Test("a name as model hubs have them is told from a mistyped path")
    func hubName() throws {
        let outcome = try Command.run("inspect", "sentence-transformers/all-MiniLM-L6-v2")
        #expect(outcome.status == 6)
        #expect(outcome.message.contains("hf download sentence-transformers/all-MiniLM-L6-v2"))
        let path = try Command.run("inspect", "/no/such/file.h5")
        #expect(path.message.contains("check the path"))
    }

    @Test("what was written is said, steps are logged with their time, and --quiet does neither")
    func logs() throws {
        let output = scratch("a.npz")
        let outcome = try Command.run("extract", Command.fixture, "-o", output)
        #expect(outcome.errors.contains("wrote \(output): ") && outcome.errors.contains(" tensors"))
        let texts = try scratch.file("t.txt", contents: "one two three\nfour five six\n").path
        let verified = try Command.run("verify", Command.fixture, Command.fixture, "--data", texts)
        #expect(verified.errors.contains("reuseformer: Comparing the models: "))
        let quiet = try Command.run("verify", Command.fixture, Command.fixture, "--data", texts, "--quiet")
        // Warnings remain: two texts are few.
        #expect(quiet.status == 0 && quiet.errors.split(separator: "\n").count == 1, "\(quiet.errors)")
        #expect(quiet.message.hasPrefix("reuseformer: warning: only 2 texts judge"))
    }
}
