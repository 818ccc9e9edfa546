import Foundation
import TestSupport
import Testing

@Suite("Files of other kinds than those that are wanted")
struct ForeignFileTests {
    private let scratch = Scratch()

    private func file(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: scratch(name)))
        return scratch(name)
    }

    @Test("what is no checkpoint is named for what it is, with 4 and a way on")
    func models() throws {
        // What torch.save began with before 1.6: a pickle of its magic number.
        let pickle: [UInt8] = [
            0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
        ]
        for (path, words) in [
            (Repository.fixture("vit/calibration.npz"), "is a zip archive, and no .keras"),
            (try file("pytorch_model.bin", pickle + [UInt8](repeating: 1, count: 40)), "a PyTorch pickle"),
            (try file("table.csv", Array("a,b\n1,2\n".utf8)), "a text file"),
        ] {
            let outcome = try Command.run("inspect", path)
            #expect(outcome.status == 4 && outcome.errors.contains(words), "\(outcome.errors)")
        }
        let hub = try Command.run("inspect", "bert-base-uncased")
        #expect(hub.status == 6 && hub.errors.contains("hf download OWNER/bert-base-uncased"), "\(hub.errors)")
    }

    @Test("models and numbers in the place of texts are named, with 4")
    func texts() throws {
        let noise = try file("noise.npz", [0x50, 0x4B, 0x03, 0x04] + [UInt8](repeating: 0xFE, count: 100))
        for (path, words) in [
            (Command.fixture + "/tf_model.h5", "an HDF5 file"), (noise, "a zip archive"),
            (Repository.fixture("checkpoints/bert_safetensors/model.safetensors"), "a safetensors file"),
        ] {
            let outcome = try Command.run("eval", Repository.fixture("gpt"), "--texts", path)
            #expect(outcome.status == 4 && outcome.errors.contains(words), "\(outcome.errors)")
        }
    }

    @Test("eval looks at all models before it measures the first")
    func early() throws {
        let other = try file("model.gguf", Array("GGUF".utf8) + [UInt8](repeating: 0, count: 60))
        let outcome = try Command.run(
            "eval", Repository.fixture("gpt"), other, "--texts", Command.fixture + "/heldout.txt")
        #expect(outcome.status == 4 && !outcome.errors.contains("perplexity"), "\(outcome.errors)")
    }

    @Test("an ending that promises something else is refused before any work")
    func endings() throws {
        let converted = try Converted.shared.get()
        for arguments in [
            ["run", Command.fixture, "--texts", converted.heldOut, "--dump", "hidden", "-o", scratch("e.npy")],
            ["plan", converted.analysis, "--budget", "1/3", "-o", scratch("plan.yaml")],
        ] {
            let outcome = try Command.Running(arguments).wait()
            #expect(outcome.status == 2 && outcome.errors.contains("let it end in ."), "\(outcome.errors)")
        }
        #expect(scratch.names.isEmpty)
    }

    @Test("a plan and an analysis come out of a pipe as well as out of a file")
    func pipes() throws {
        let converted = try Converted.shared.get()
        let pipe = scratch("pipe")
        try #require(mkfifo(pipe, 0o600) == 0)
        func write(_ path: String) {
            Thread.detachNewThread {
                guard let data = FileManager.default.contents(atPath: path),
                    let handle = FileHandle(forWritingAtPath: pipe)
                else { return }
                try? handle.write(contentsOf: data)
                try? handle.close()
            }
        }
        write(converted.plan)
        let valid = try Command.run("validate", pipe, "--model", Command.fixture)
        #expect(valid.status == 0, "\(valid.errors)")
        write(converted.analysis)
        let planned = try Command.run("plan", pipe, "--budget", "1/3", "-o", scratch("again.json"))
        #expect(planned.status == 0, "\(planned.errors)")
        #expect(
            FileManager.default.contents(atPath: scratch("again.json"))
                == FileManager.default.contents(atPath: converted.plan))
    }

    @Test("pairs with a fourth column are refused, not read without it")
    func columns() throws {
        let path = try file("pairs.tsv", Array("1\ta\tb\tc\n2\ta\tb\tc\n3\ta\tb\tc\n".utf8))
        let outcome = try Command.run("eval", Command.fixture, "--pairs", path)
        #expect(outcome.status == 2 && outcome.errors.contains("line 1: expected a score"), "\(outcome.errors)")
    }

    @Test("texts that the tokenizer does not know are said")
    func unknown() throws {
        let converted = try Converted.shared.get()
        let known = try Command.Running(
            ["convert", Command.fixture, "--dry-run", "--budget", "1/3"] + converted.calibration
        ).wait()
        #expect(known.status == 0 && !known.errors.contains("unknown to the tokenizer"), "\(known.errors)")
        let texts = scratch("cjk.txt")
        try (1...40).map { "日本語の文 \($0) 漢字" }.joined(separator: "\n").write(
            toFile: texts, atomically: true, encoding: .utf8)
        let outcome = try Command.run(
            "convert", Command.fixture, "--calibration", texts, "--plan", converted.plan, "-o", scratch("x.reuse.h5"))
        #expect(outcome.errors.contains("unknown to the tokenizer"), "\(outcome.errors)")
    }
}
