import Foundation
import TestSupport
import Testing

@Suite("eval")
struct EvalTests {
    private let scratch = Scratch()

    private func results(_ outcome: Command.Outcome) throws -> [[String: Any]] {
        let document = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        return try #require(document["results"] as? [[String: Any]])
    }

    @Test("a masked language model's perplexity is the framework's, and a reuse model stands beside it")
    func perplexity() throws {
        let converted = try Converted.shared.get()
        let outcome = try Command.run(
            "eval", Command.fixture, converted.model, "--texts", Command.fixture + "/heldout.txt", "--json")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let row = try #require(try results(outcome).first)
        let values = try #require(row["values"] as? [Double])
        #expect(row["measure"] as? String == "perplexity" && row["items"] as? Int == 209)
        // The framework's own loss, on 553 tokens of these texts hidden behind [MASK], one in seven: 5.69.
        #expect(abs(log(values[0]) - 5.69) < 0.15)
        #expect(values.count == 2 && abs(values[1] / values[0] - 1) < 0.25)
        try Converted.keep(outcome.output, as: "evaluation-encoder.json")
        let table = try Command.run(
            "eval", Command.fixture, converted.model, "--texts",
            try scratch.lines(8, of: Command.fixture + "/heldout.txt", as: "t"))
        #expect(table.status == 0 && table.output.contains("maps computed") && table.output.contains("24 (−33.3 %)"))
    }

    @Test("eval counts the pictures whose class is found, in folders named after their classes")
    func pictures() throws {
        let vit = Command.root.appending(path: "fixtures/vit")
        for digit in ["3", "7"] {
            let folder = scratch.url("pictures/\(digit)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let source = vit.appending(path: "heldout/\(digit)")
            for name in try FileManager.default.contentsOfDirectory(atPath: source.path).sorted().prefix(4) {
                try FileManager.default.copyItem(
                    at: source.appending(path: name), to: folder.appending(path: name))
            }
        }
        let outcome = try Command.run("eval", vit.path, vit.path, "--images", scratch("pictures"), "--json")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let row = try #require(try results(outcome).first)
        #expect(row["measure"] as? String == "accuracy" && row["items"] as? Int == 8)
        let values = try #require(row["values"] as? [Double])
        #expect(values.count == 2 && values[0] == values[1] && values[0] >= 0.75)
    }

    @Test("eval counts the texts whose logits give their label, by name or number, from TSV or JSONL")
    func labelledTexts() throws {
        let folder = scratch.url("classifier"), checkpoint = Command.root.appending(path: "fixtures/checkpoints")
        try FileManager.default.copyItem(at: checkpoint.appending(path: "distilbert_split"), to: folder)
        let letters = (0..<25).map { String(UnicodeScalar(UInt8(97 + $0))) }
        let vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + letters
        try Data((vocabulary.joined(separator: "\n") + "\n").utf8).write(to: folder.appending(path: "vocab.txt"))
        let texts = (0..<20).map { "\(letters[$0]) \(letters[($0 * 7 + 3) % 25]) \(letters[24 - $0])" }
        try scratch.file("texts.txt", contents: texts.joined(separator: "\n") + "\n")
        let run = try Command.run(
            "run", folder.path, "--texts", scratch("texts.txt"), "--logits", "-o", scratch("logits.npy"))
        #expect(run.status == 0, "\(run.errors)")

        // Three logits a text stand at the end of the file: which is the largest is counted by hand here.
        let bytes = [UInt8](try Data(contentsOf: scratch.url("logits.npy")).suffix(20 * 3 * 4))
        let logits = bytes.withUnsafeBytes { raw in
            (0..<60).map { raw.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
        }
        let classes = (0..<20).map { text in (0..<3).max { logits[text * 3 + $0] < logits[text * 3 + $1] } ?? 0 }
        let names = ["no", "perhaps", "yes"]
        // Every fourth text is given a class that the model does not choose.
        let labels = classes.enumerated().map { $0.offset % 4 == 0 ? ($0.element + 1) % 3 : $0.element }
        try scratch.file(
            "named.tsv", contents: zip(labels, texts).map { "\(names[$0])\t\($1)\n" }.joined())
        try scratch.file(
            "numbered.jsonl",
            contents: zip(labels, texts).map { "{\"label\": \($0), \"text\": \"\($1)\"}\n" }.joined(separator: "\n"))
        for file in ["named.tsv", "numbered.jsonl"] {
            let outcome = try Command.run("eval", folder.path, "--labelled", scratch(file), "--json")
            #expect(outcome.status == 0, "\(outcome.errors)")
            let row = try #require(try results(outcome).first)
            #expect(row["measure"] as? String == "accuracy" && row["items"] as? Int == 20)
            #expect(row["values"] as? [Double] == [0.75])
        }
        try scratch.file("beyond.tsv", contents: "3\ta b\n")
        let refused = try Command.run("eval", folder.path, "--labelled", scratch("beyond.tsv"))
        #expect(refused.status == 2 && refused.message.contains("no, perhaps, yes"), "\(refused.errors)")
    }

    @Test("eval scores pairs of texts by the order of their similarities")
    func pairs() throws {
        let lines = try String(contentsOfFile: Command.fixture + "/heldout.txt", encoding: .utf8)
            .split(separator: "\n").prefix(6)
        // A text is more like itself than like another one.
        let rows = zip(lines, lines.dropFirst()).flatMap { ["5\t\($0)\t\($0)", "1\t\($0)\t\($1)"] }
        try scratch.file("pairs.tsv", contents: rows.joined(separator: "\n") + "\n")
        let outcome = try Command.run("eval", Command.fixture, "--pairs", scratch("pairs.tsv"), "--json")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let value = try #require((try results(outcome).first?["values"] as? [Double])?.first)
        #expect(value > 0.8)
    }

    @Test(
        "eval refuses what a model cannot do with a reason",
        arguments: [
            (["eval", Command.fixture, "--images", Command.fixture], "no .png"),
            (["eval", Command.fixture, "--labelled", "labels.tsv"], "no such file"),
            (["eval", Command.fixture, "--answers", Command.fixture + "/heldout.txt"], "encoder–decoders"),
            (["run", Command.fixture, "--generate", "--prompt", "a"], "language models"),
            (["run", Command.fixture, "--images", Command.fixture], "reads no pictures"),
        ])
    func refusals(arguments: [String], mention: String) throws {
        let outcome = try Command.Running(arguments).wait()
        #expect(outcome.status == 2 || outcome.status == 6)
        #expect(outcome.message.contains(mention), "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
    }
}
