import Foundation
import TestSupport
import Testing

@Suite("Classifiers whose inputs leave at exits")
struct ExitCommandTests {
    private let scratch = Scratch()
    private static let pictures = Repository.fixture("vit")

    private func converted(_ share: String, _ more: String...) throws -> (path: String, outcome: Command.Outcome) {
        let path = scratch("exits.reuse.h5")
        let outcome = try Command.Running(
            [
                "convert", Self.pictures, "--calibration", Self.pictures + "/calibration.npz", "--exits", share, "-o",
                path, "--force",
            ] + more
        ).wait()
        return (path, outcome)
    }

    private func evaluated(_ path: String) throws -> [[String: Any]] {
        let outcome = try Command.run("eval", Self.pictures, path, "--images", Self.pictures + "/heldout", "--json")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let document = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
        return try #require(document?["models"] as? [[String: Any]])
    }

    @Test("a fifth of the arithmetic goes while 99.5 % of pictures that nobody has seen keep their class")
    func gain() throws {
        let (path, outcome) = try converted("99.5%")
        #expect(outcome.status == 0 && outcome.errors.contains("on average by exits"), "\(outcome.errors)")
        let verified = try Command.run(
            "verify", Self.pictures, path, "--data", Self.pictures + "/heldout", "--fail-on", "top1.agreement<0.995",
            "--fail-on", "macs.saved.mean<0.2")
        #expect(verified.status == 0, "\(verified.output)")
    }

    @Test("labelled texts in the place of texts are refused by the option that takes them")
    func labels() throws {
        let opinions = Repository.fixture("opinions")
        let outcome = try Command.run("verify", opinions, opinions, "--data", opinions + "/heldout.tsv")
        #expect(outcome.status == 2 && outcome.errors.contains("--labelled"), "\(outcome.errors)")
    }

    @Test("a classifier of texts leaves out a fifth of the arithmetic, and 99.5 % of new texts keep their class")
    func texts() throws {
        let opinions = Repository.fixture("opinions"), path = scratch("texts.reuse.h5")
        let outcome = try Command.run(
            "convert", opinions, "--calibration", opinions + "/calibration.txt", "--exits", "99.5%", "-o", path)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let verified = try Command.run(
            "verify", opinions, path, "--labelled", opinions + "/heldout.tsv", "--fail-on", "top1.agreement<0.995",
            "--fail-on", "macs.saved.mean<0.2")
        #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
    }

    @Test("run, eval and bench say how deep the inputs went")
    func depths() throws {
        let (path, outcome) = try converted("99.5%")
        try #require(outcome.status == 0)
        let models = try evaluated(path)
        #expect(models[0]["exits"] == nil)
        let exits = try #require(models[1]["exits"] as? [String: Any])
        let left = try #require(exits["exits"] as? [[String: Any]]).compactMap { $0["left"] as? Int }
        #expect(exits["inputs"] as? Int == 400 && left.reduce(0, +) > 100)
        let run = try Command.run("run", path, "--images", Self.pictures + "/heldout/3")
        #expect(run.status == 0 && run.errors.contains("went through all layers"), "\(run.errors)")
        let bench = try Command.run("bench", path, "--shape", "4")
        #expect(bench.status == 0 && bench.output.contains("went through all layers"), "\(bench.output)")
        let inspected = try Command.run("inspect", path)
        #expect(inspected.output.contains("ahead by"), "\(inspected.output)")
    }

    @Test("exits stand beside a budget and a precision, and the plan makes the same file again")
    func together() throws {
        let (path, outcome) = try converted("99%", "--budget", "macs:10%@1", "--precision", "int8", "--json")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let inspected = try Command.run("inspect", path, "--json")
        let document = try JSONSerialization.jsonObject(with: Data(inspected.output.utf8)) as? [String: Any]
        let plan = try #require(document?["plan"] as? [String: Any])
        #expect((plan["exits"] as? [[String: Any]])?.isEmpty == false)
        let file = scratch("plan.json"), again = scratch("again.reuse.h5")
        try JSONSerialization.data(withJSONObject: plan).write(to: URL(fileURLWithPath: file))
        let repeated = try Command.run(
            "convert", Self.pictures, "--calibration", Self.pictures + "/calibration.npz", "--plan", file,
            "--precision", "int8", "-o", again)
        #expect(repeated.status == 0, "\(repeated.errors)")
        let arrays = try [path, again].map { model in
            let output = scratch("out.npy")
            let run = try Command.run(
                "run", model, "--inputs", Self.pictures + "/calibration.npz", "--logits", "-o", output, "--force")
            #expect(run.status == 0, "\(run.errors)")
            return try Data(contentsOf: URL(fileURLWithPath: output))
        }
        #expect(arrays[0] == arrays[1])
        // What has exits already is no source.
        let twice = try Command.run(
            "convert", path, "--calibration", Self.pictures + "/calibration.npz", "--exits", "99%", "-o",
            scratch("twice.reuse.h5"))
        #expect(twice.status != 0)
    }

    @Test(
        "what can have no exits is refused before anything is computed",
        arguments: [
            (["--exits", "99.5%", "--calibration", Command.fixture + "/calibration.txt"], "can have no exits"),
            (["--exits", "99.5%"], "exits are fitted on data"), (["--exits", "120%"], "exits"),
            (["--exits", "0.3"], "exits"), (["--exits", "-"], "exits"),
        ])
    func refusals(_ options: [String], _ words: String) throws {
        let outcome = try Command.Running(["convert", Command.fixture, "-o", scratch("no.reuse.h5")] + options).wait()
        #expect(outcome.status == 2 && outcome.errors.contains(words), "\(outcome.errors)")
        #expect(!FileManager.default.fileExists(atPath: scratch("no.reuse.h5")))
    }

    @Test("a plan with an exit where there is none ends with 2, naming the value and those where there can be one")
    func nonsense() throws {
        let plan = scratch("plan.json")
        let layers = (0..<6).map { layer in
            "{\"node\": \"block_\(layer)_attention\", \"heads\": ["
                + [String](repeating: "{\"source\": \"computed\"}", count: 4).joined(separator: ", ") + "]}"
        }
        for (exit, words) in [
            ("{\"after\": \"patches\", \"margin\": 1}", "block_0_sum_2"),
            ("{\"after\": \"block_1_sum_2\", \"margin\": -1}", "must not be negative"),
            ("{\"after\": \"block_1_sum_2\"}", "margin"), ("{\"margin\": 1}", "after"),
        ] {
            let text =
                "{\"version\": 1, \"budget\": \"maps:0\", \"layers\": [\(layers.joined(separator: ", "))], "
                + "\"exits\": [\(exit)]}"
            try text.write(toFile: plan, atomically: true, encoding: .utf8)
            let outcome = try Command.run("validate", plan, "--model", Self.pictures)
            #expect(outcome.status == 2 && outcome.errors.contains(words), "\(exit): \(outcome.errors)")
        }
    }
}
