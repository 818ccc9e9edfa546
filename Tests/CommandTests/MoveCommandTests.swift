import Foundation
import TestSupport
import Testing

@Suite("Budgets that neurons are left out for")
struct MoveCommandTests {
    private let scratch = Scratch()

    /// A plan of maps and neurons for the fixture, as JSON.
    private func planned() throws -> (path: String, document: [String: Any]) {
        let converted = try Converted.shared.get()
        let path = scratch("plan.json")
        let outcome = try Command.run("plan", converted.analysis, "--budget", "macs:15%@24", "-o", path, "--force")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("neurons kept"))
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try Converted.keep(text, as: "plan-moves.json")
        return (path, try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]))
    }

    @Test("the file of a budget on arithmetic saves it, carries its plan, and the plan suits the file as well")
    func conversion() throws {
        let converted = try Converted.shared.get()
        let path = scratch("small.reuse.h5")
        let outcome = try Command.Running(
            [
                "convert", Command.fixture, "--budget", "macs:15%@24", "--analysis", converted.analysis, "-o", path,
                "--json",
            ] + converted.calibration
        ).wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
        let inspected = try Command.run("inspect", path, "--json")
        let document = try #require(
            try JSONSerialization.jsonObject(with: Data(inspected.output.utf8)) as? [String: Any])
        let plan = try #require(document["plan"] as? [String: Any])
        #expect((plan["neurons"] as? [[String: Any]])?.isEmpty == false)
        try scratch.file(
            "own.json", contents: String(decoding: JSONSerialization.data(withJSONObject: plan), as: UTF8.self))
        for model in [path, Command.fixture, converted.analysis] {
            let valid = try Command.run("validate", scratch("own.json"), "--model", model)
            #expect(valid.status == 0, "\(valid.errors)")
        }
        // A budget of maps leaves neurons alone, whatever the analysis measured.
        let maps = try Command.run("plan", converted.analysis, "--budget", "maps:1/3", "--json")
        #expect(!maps.output.contains("neurons"))
    }

    @Test(
        "a plan that was edited into nonsense ends with 2, naming node, neuron and rule",
        arguments: [
            ("kept", "0-5,3", ".3: the kept neurons must ascend"), ("kept", "0-100000", ": the part has"),
            ("kept", "", "one at least must stay"), ("kept", "0;1", "is not a list of numbers and ranges"),
            ("node", "layer_0/up", "no feed-forward part of this name"), ("keep", "0-5", "keep"),
        ])
    func nonsense(_ key: String, _ value: String, _ message: String) throws {
        var (_, document) = try planned()
        var parts = try #require(document["neurons"] as? [[String: Any]])
        parts[0][key] = value
        document["neurons"] = parts
        try scratch.file(
            "edited.json", contents: String(decoding: JSONSerialization.data(withJSONObject: document), as: UTF8.self))
        let outcome = try Command.run("validate", scratch("edited.json"), "--model", Command.fixture)
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
    }

    @Test("neurons cannot go without data, and a preset has a budget of its own")
    func usage() throws {
        let plan = try planned().path
        let bare = try Command.run(
            "convert", Command.fixture, "--plan", plan, "--heal", "none", "-o", scratch("bare.reuse.h5"))
        #expect(bare.status == 2 && bare.errors.contains("leaves out neurons of"), "\(bare.errors)")
        let both = try Command.run(
            "convert", Command.fixture, "--preset", "small", "--budget", "1/3", "-o", scratch("both.reuse.h5"))
        #expect(both.status == 2 && both.errors.contains("A --preset has a budget of its own"))
        let curve = try Command.run("plan", try Converted.shared.get().analysis, "--curve", "--allow", "neurons")
        #expect(curve.status == 0 && curve.output.contains("neurons left out"))
    }
}
