import Foundation
import TestSupport
import Testing

@Suite("Converting on the command line")
struct ConversionCommandTests {
    private let scratch = Scratch()

    @Test("analyze, plan and convert give a smaller model, a report, and documents that say the same")
    func conversion() throws {
        let converted = try Converted.shared.get()
        #expect(converted.outcome.output.contains("24 of 36 maps computed"))
        for (name, path) in [("analysis.json", converted.analysis), ("plan.json", converted.plan)] {
            try Converted.keep(try String(contentsOfFile: path, encoding: .utf8), as: name)
        }
        let report = try String(contentsOfFile: converted.report, encoding: .utf8)
        for heading in [
            "Plan", "Similarity", "Quality against savings", "Healing", "Fidelity", "Speed", "How it was made",
        ] {
            #expect(report.contains("<h2>\(heading)"), "\(heading)")
        }
        let hostname = ProcessInfo.processInfo.hostName
        #expect(!report.contains(hostname), "a report carries nothing of the machine but the command line")
        let inspected = try Command.run("inspect", converted.model)
        #expect(inspected.output.contains("24 of 36 heads compute a map"))
        let valid = try Command.run("validate", converted.plan, "--checkpoint", converted.analysis)
        #expect(valid.status == 0 && valid.output.contains("is sound"))
    }

    @Test("convert gives the same file for any number of threads")
    func deterministic() throws {
        let converted = try Converted.shared.get()
        var files: [Data] = []
        for threads in ["1", "2", "3"] {
            let path = scratch("\(threads).reuse.h5")
            let outcome = try Command.Running(
                ["convert", Command.fixture, "--plan", converted.plan, "-o", path, "--threads", threads]
                    + converted.calibration
            ).wait()
            #expect(outcome.status == 0, "\(outcome.errors)")
            files.append(try Data(contentsOf: URL(fileURLWithPath: path)))
        }
        #expect(files[0] == files[1] && files[1] == files[2])
        // A plan made in one go and one made in two steps are one plan.
        #expect(try Data(contentsOf: URL(fileURLWithPath: converted.model)) == files[0])
    }

    @Test("verify finds a source exact against itself, in every metric")
    func identity() throws {
        let outcome = try Command.run(
            "verify", Command.fixture, Command.fixture, "--data", Command.fixture + "/heldout.txt", "--max-length",
            "32",
            "--json", "--fail-on", "hidden.cosine.min<0.999999", "--fail-on", "top1.agreement<1", "--fail-on",
            "perplexity.ratio!=1", "--fail-on", "maps.tv.mean>0")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let verdict = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let exactness = try #require(verdict["exactness"] as? [String: Any])
        #expect(exactness["isBitwise"] as? Bool == true)
        try Converted.keep(outcome.output, as: "report-identity.json")
    }

    @Test("run gives embeddings of length 1, one row a text, empty lines included, in the order of the file")
    func embeddings() throws {
        try scratch.file("texts.txt", contents: "first text\n\nthird, after an empty one\r\nlast without an end")
        let outcome = try Command.run(
            "run", Command.fixture, "--texts", scratch("texts.txt"), "--pool", "mean", "--normalize", "-o",
            scratch("out.npy"))
        #expect(outcome.status == 0, "\(outcome.errors)")
        let bytes = [UInt8](try Data(contentsOf: scratch.url("out.npy")))
        let header = String(decoding: bytes.prefix(128), as: UTF8.self)
        #expect(header.contains("(4, 96)") && header.contains("<f4"))
        let values = bytes.suffix(4 * 96 * 4).withUnsafeBytes { raw in
            (0..<4 * 96).map { raw.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
        }
        for row in 0..<4 {
            let length = values[row * 96..<(row + 1) * 96].reduce(0) { $0 + $1 * $1 }
            #expect(abs(length - 1) < 1e-5)
        }
    }

    @Test("bench prints kernels, tokens and effective GFLOP/s of both models")
    func bench() throws {
        let outcome = try Command.run(
            "bench", Command.fixture, try Converted.shared.get().model, "--shape", "2x16", "--ragged", "3x4-9",
            "--threads", "1", "--json")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let document = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let results = try #require(document["results"] as? [[String: Any]])
        #expect(results.count == 4)
        #expect(results.allSatisfy { ($0["effectiveGigaflops"] as? Double ?? 0) > 0 })
        #expect((document["kernels"] as? String)?.isEmpty == false)
    }

    @Test("a plan that a rule of the model forbids is wrong use, told by the rule and not by what follows from it")
    func forbiddenPlan() throws {
        // OLMo 2 norms the queries of all heads together.
        let layer = { (node: String, second: String) in
            "{\"node\": \"\(node)\", \"heads\": [{\"source\": \"computed\"}, {\"source\": \"\(second)\"}]}"
        }
        try scratch.file(
            "plan.json",
            contents: "{\"version\": 1, \"budget\": \"\", \"layers\": [\(layer("layer_0/attention", "computed")), "
                + "\(layer("layer_1/attention", "dropped"))]}")
        let outcome = try Command.run(
            "convert", Command.root.appending(path: "fixtures/families/olmo2").path, "--plan", scratch("plan.json"),
            "--heal", "none", "-o", scratch("o.reuse.h5"))
        #expect(outcome.status == 2)
        #expect(outcome.message.contains("layer_1/attention: norms the queries of all heads together"))
        #expect(!outcome.message.contains("is not computed before this node"))
    }
}
