import Foundation
import TestSupport
import Testing

/// What judges a conversion, and what is said when it says little.
@Suite("Judging by the command")
struct JudgingCommandTests {
    private let scratch = Scratch()
    /// An encoder without predictions, with an embedding of its own.
    private static let embedder = Repository.fixture("sentences/layer_norm")

    private func texts(_ count: Int, from first: Int = 0, as name: String) throws -> String {
        let lines = try String(contentsOfFile: Command.fixture + "/heldout.txt", encoding: .utf8).split(separator: "\n")
        return try scratch.file(name, contents: lines[first..<first + count].joined(separator: "\n") + "\n").path
    }

    @Test(
        "a quality that is none, that cannot be measured or that asks for worse is refused before any work",
        arguments: [
            ("quality:top1.agreement>=0.99", "the model predicts no classes or tokens"),
            ("quality:macs.saved>=0.1", "is a saving"),
            ("quality:hidden.cosine.mean<=0.9", "more is better: write >="),
            ("quality:hidden.cosine.mean>=97", "can only ever not hold"),
            ("quality:accuracy>=0.9", "verify --fail-on"),
            ("quality:perplexity.ratio<=1.02", "predicts no tokens"),
        ])
    func budgets(_ budget: String, _ reason: String) throws {
        // One text is too few, and nothing came so far as to count them.
        let calibration = try texts(1, as: "c.txt")
        let outcome = try Command.run(
            "convert", Self.embedder, "--calibration", calibration, "--budget", budget, "-o", scratch("x.reuse.h5"))
        #expect(outcome.status == 2 && outcome.output.isEmpty, "\(outcome.errors)")
        #expect(outcome.errors.contains(reason) && !outcome.errors.contains("at least 20"), "\(outcome.errors)")
    }

    @Test("gates on what cannot be measured are refused before anything is measured, with what helps")
    func gates() throws {
        let pairs = try scratch.file("p.tsv", contents: "1\ta\tb\n2\tc\td\n3\te\tf\n").path
        let data = try texts(1, as: "d.txt")
        for (arguments, reason) in [
            (["--data", data, "--fail-on", "top1.agreement<0.9"], "predicts no classes or tokens"),
            (["--pairs", pairs, "--fail-on", "hidden.cosine.mean<0.9"], "give --data"),
        ] {
            let outcome = try Command.Running(["verify", Self.embedder, Self.embedder] + arguments).wait()
            #expect(outcome.status == 2 && outcome.errors.contains(reason), "\(outcome.errors)")
        }
    }

    @Test("data that should judge are looked for before the calibration data are read")
    func missingJudge() throws {
        let calibration = try texts(30, as: "c.txt")
        let outcome = try Command.run(
            "convert", Command.fixture, "--calibration", calibration, "--judge", scratch("none.txt"), "--budget", "1/3",
            "-o", scratch("x.reuse.h5"))
        #expect(outcome.status == 6 && outcome.message.contains("none.txt"), "\(outcome.errors)")
        let lone = try Command.run("plan", "a.json", "--judge", calibration, "--budget", "1/3")
        #expect(lone.status == 2 && lone.errors.contains("--judge is about"))
    }

    @Test("few tokens and few judging texts are said once each, on standard error and in the document")
    func warnings() throws {
        let calibration = try texts(24, as: "c.txt"), judging = try texts(10, from: 20, as: "j.txt")
        let analysis = scratch("a.json")
        let analyzed = try Command.run(
            "analyze", Command.fixture, "--calibration", calibration, "--judge", judging, "--max-length", "16", "-o",
            analysis, "--quiet")
        #expect(analyzed.status == 0, "\(analyzed.errors)")
        #expect(analyzed.errors.components(separatedBy: "warning: refits learn from").count == 2)
        let outcome = try Command.run(
            "convert", Command.fixture, "--calibration", calibration, "--judge", judging, "--max-length", "16",
            "--analysis", analysis, "--budget", "1/6", "-o", scratch("x.reuse.h5"), "--json")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let document = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let warnings = try #require(document["warnings"] as? [String])
        #expect(warnings.count == 3, "\(warnings)")
        #expect(warnings.contains { $0.hasPrefix("only 10 texts judge") && $0.contains("give --judge more") })
        #expect(warnings.contains { $0.hasPrefix("4 of the 10 texts that judge are among the calibration texts") })
        for warning in warnings { #expect(outcome.errors.components(separatedBy: warning).count == 2) }
        let data = try #require(document["data"] as? [String: Any])
        #expect(data["texts"] as? Int == 10 && data["origin"] as? String == "given")
        #expect((data["calibration"] as? [String: Int])?["choosingTexts"] == 3)
        let metrics = try #require(document["metrics"] as? [[String: Any]])
        #expect(metrics.contains { $0["interval"] != nil })
        // An analysis that has seen all texts is no help where some of them shall judge.
        let seen = try Command.run(
            "convert", Command.fixture, "--calibration", calibration, "--max-length", "16", "--analysis", analysis,
            "--budget", "1/6", "-o", scratch("y.reuse.h5"), "--quiet")
        #expect(seen.status == 0 && seen.errors.contains("the analysis has seen the texts that judge"))
    }

    @Test("an analysis of other embeddings is refused")
    func otherPooling() throws {
        let converted = try Converted.shared.get()
        let outcome = try Command.Running(
            ["convert", Command.fixture, "--budget", "1/3", "--analysis", converted.analysis, "--pool", "first", "-o"]
                + [scratch("x.reuse.h5")] + converted.calibration
        ).wait()
        #expect(outcome.status == 2 && outcome.errors.contains("give the same --pool"), "\(outcome.errors)")
    }

    @Test("models are compared by the pooling that is said: the first token's embedding is another than the mean's")
    func comparedPooling() throws {
        let converted = try Converted.shared.get()
        func cosine(_ pooling: [String]) throws -> Double {
            let outcome = try Command.Running(
                ["verify", Command.fixture, converted.model, "--data", converted.heldOut, "--json", "--quiet"] + pooling
            ).wait()
            let document = try #require(
                try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
            let metrics = try #require(document["metrics"] as? [[String: Any]])
            return try #require(metrics.first { $0["metric"] as? String == "pooled.cosine.mean" }?["value"] as? Double)
        }
        let plain = try cosine([]), mean = try cosine(["--pool", "mean"]), first = try cosine(["--pool", "cls"])
        #expect(abs(plain - mean) < 1e-6 && abs(first - mean) > 1e-4)
    }
}
