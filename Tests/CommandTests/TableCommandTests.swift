import Foundation
import TestSupport
import Testing

/// Texts from tables, compressed files and standard input give what the same texts give from a plain file.
@Suite("Texts in tables and streams")
struct TableCommandTests {
    private let scratch = Scratch()
    private let texts = ["one, two", "say \"three\"", "", "four five six"]

    /// Runs a shell line in which `$R` is the command and `$M` a model, in the scratch folder.
    private func shell(_ line: String) throws -> Command.Outcome {
        try Command.Running(
            ["-c", "R='\(Command.executable.path)'; M='\(Command.fixture)'; cd '\(scratch.path)'; \(line)"],
            executable: URL(fileURLWithPath: "/bin/sh")
        ).wait()
    }

    private func quoted(_ text: String) -> String { "\"\(text.replacing("\"", with: "\"\""))\"" }

    private func files() throws {
        try scratch.file("t.txt", contents: texts.map { $0 + "\n" }.joined())
        let rows = texts.enumerated().map { "\($0),\(quoted($1)),\($0 % 2)\r\n" }
        try scratch.file("t.csv", contents: "\u{FEFF}id,review,label\r\n" + rows.joined())
        let objects = texts.map { "{\"review\": \"\($0.replacing("\"", with: "\\\""))\"}\n" }
        try scratch.file("t.jsonl", contents: objects.joined())
    }

    @Test("run gives the same embeddings from lines, CSV, JSON Lines, a pipe and a compressed file")
    func embeddings() throws {
        try files()
        let outcome = try shell(
            """
            set -e
            $R run $M --texts t.txt -o plain.npy
            $R run $M --texts t.csv --column review -o csv.npy
            $R run $M --texts t.jsonl --column review -o jsonl.npy
            cat t.csv | $R run $M --texts - --format csv --column review -o - >pipe.npy
            gzip -c t.csv >z.csv.gz
            $R run $M --texts z.csv.gz --column review -o gzip.npy
            for name in csv jsonl pipe gzip; do cmp plain.npy $name.npy; done
            """)
        #expect(outcome.status == 0 && outcome.output.isEmpty, "\(outcome.errors)\(outcome.output)")
    }

    @Test("verify takes texts and labels from one table, eval scores from another; both as from plain files")
    func labelsAndScores() throws {
        let folder = scratch.url("classifier"), checkpoint = Command.root.appending(path: "fixtures/checkpoints")
        try FileManager.default.copyItem(at: checkpoint.appending(path: "distilbert_split"), to: folder)
        let letters = (0..<25).map { String(UnicodeScalar(UInt8(97 + $0))) }
        let vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + letters
        try Data((vocabulary.joined(separator: "\n") + "\n").utf8).write(to: folder.appending(path: "vocab.txt"))
        let texts = (0..<12).map { "\(letters[$0]) \(letters[($0 * 7 + 3) % 25])" }
        let labels = (0..<12).map { ["no", "perhaps", "yes"][$0 % 3] }
        try scratch.file("t.txt", contents: texts.map { $0 + "\n" }.joined())
        try scratch.file("l.txt", contents: labels.map { $0 + "\n" }.joined())
        try scratch.file("t.csv", contents: "y,x\n" + zip(labels, texts).map { "\($0),\($1)\n" }.joined())
        // Everything but how the command was called.
        func metrics(_ outcome: Command.Outcome) throws -> NSDictionary {
            let document = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
            return try #require(document).filter { $0.key != "circumstances" } as NSDictionary
        }
        let plain = try Command.run(
            "verify", folder.path, folder.path, "--data", scratch("t.txt"), "--labels", scratch("l.txt"), "--json")
        let table = try Command.run(
            "verify", folder.path, folder.path, "--data", scratch("t.csv"), "--column", "x", "--label-column", "y",
            "--json")
        #expect(plain.status == 0 && plain.output.contains("accuracy"), "\(plain.errors)")
        #expect(try metrics(table) == metrics(plain), "\(table.errors)")

        let together = try Command.run(
            "verify", folder.path, folder.path, "--labelled", scratch("t.csv"), "--column", "x", "--label-column", "y",
            "--json")
        #expect(try metrics(together) == metrics(plain), "\(together.errors)")

        try scratch.file("named.tsv", contents: zip(labels, texts).map { "\($0)\t\($1)\n" }.joined())
        let evaluated = try ["named.tsv", "t.csv"].map { name in
            try Command.Running(
                ["eval", folder.path, "--labelled", scratch(name), "--json"]
                    + (name == "t.csv" ? ["--column", "x", "--label-column", "y"] : [])
            ).wait()
        }
        #expect(evaluated[0].status == 0 && evaluated[0].output == evaluated[1].output, "\(evaluated[1].errors)")

        let pairs = (0..<6).map { "\($0),\(texts[$0]),\(texts[$0 / 2])" }
        try scratch.file("p.csv", contents: "s,a,b\n" + pairs.map { $0 + "\n" }.joined())
        try scratch.file("p.tsv", contents: pairs.map { $0.replacing(",", with: "\t") + "\n" }.joined())
        let scored = try [
            [scratch("p.tsv")], [scratch("p.csv"), "--score-column", "s", "--column", "a", "--column", "b"],
        ].map { try Command.Running(["eval", Command.fixture, "--json", "--pairs"] + $0).wait() }
        #expect(scored[0].status == 0 && scored[0].output == scored[1].output, "\(scored[1].errors)")
    }

    @Test("a plan and an analysis on standard output are the files, and what is for people goes to standard error")
    func standardOutput() throws {
        let converted = try Converted.shared.get()
        let plan = try Command.run("plan", converted.analysis, "--budget", "1/3", "-o", "-")
        #expect(plan.status == 0)
        #expect(try plan.output == String(contentsOfFile: converted.plan, encoding: .utf8))
        #expect(plan.errors.contains("maps computed"))
        let both = try Command.run("plan", converted.analysis, "--budget", "1/3", "-o", "-", "--json")
        #expect(both.status == 2 && both.message.contains("--json"))
        let model = try Command.run(
            "convert", Command.fixture, "--plan", converted.plan, "--heal", "none", "-o", "-")
        #expect(model.status == 2 && model.message.contains("give the name of a file"))
    }

    @Test("standard input is read once: a command that would read it twice says so")
    func standardInput() throws {
        let twice = try Command.run("verify", "a", "b", "--data", "-", "--labels", "-")
        #expect(twice.status == 2 && twice.message.contains("given 2 times"))
        let models = try Command.run("eval", "a", "b", "--texts", "-")
        #expect(models.status == 2 && models.message.contains("every model reads the data"))
    }
}
