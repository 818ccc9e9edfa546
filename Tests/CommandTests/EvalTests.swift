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

    @Test("pictures in folders named after their classes: the share whose class is found")
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

    @Test("pairs are scored by the order of their similarities")
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
        "what a model cannot do is refused with a reason",
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
