import Foundation
import TestSupport
import Testing

@Suite("Plans that lower the rank of queries and keys")
struct RankCommandTests {
    private let scratch = Scratch()

    /// A plan of ranks alone for the fixture, as JSON.
    private func planned() throws -> (path: String, document: [String: Any]) {
        let converted = try Converted.shared.get()
        let path = scratch("plan.json")
        let outcome = try Command.run(
            "plan", converted.analysis, "--budget", "macs:3%@24", "--allow", "ranks", "-o", path, "--force")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("columns of a query"))
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try Converted.keep(text, as: "plan-ranks.json")
        return (path, try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]))
    }

    @Test("the file of such a plan saves what was asked for, and the plan suits the file as well")
    func conversion() throws {
        let converted = try Converted.shared.get()
        let plan = try planned().path, path = scratch("ranks.reuse.h5")
        let outcome = try Command.Running(
            ["convert", Command.fixture, "--plan", plan, "-o", path, "--json"] + converted.calibration
        ).wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
        for model in [path, Command.fixture, converted.analysis] {
            let valid = try Command.run("validate", plan, "--model", model)
            #expect(valid.status == 0, "\(valid.errors)")
        }
        let inspected = try Command.run("inspect", path)
        #expect(inspected.output.contains("columns of a query"), "\(inspected.output)")
        let totals = try [path, Command.fixture].map { model in
            let document = try JSONSerialization.jsonObject(
                with: Data(try Command.run("inspect", model, "--json").output.utf8))
            return try #require(
                ((document as? [String: Any])?["totals"] as? [String: Any])?["multiplyAdds"] as? Double)
        }
        #expect(totals[0] < totals[1])
    }

    @Test(
        "a plan that was edited into nonsense ends with 2, naming the node and the rule",
        arguments: [
            ("rank", 0, "not above 0"), ("rank", 4000, "is not below"), ("size", 4000, "columns, the model's have"),
            ("width", 3, "width"),
        ])
    func nonsense(_ key: String, _ value: Int, _ message: String) throws {
        var (_, document) = try planned()
        var ranks = try #require(document["ranks"] as? [[String: Any]])
        let node = try #require(ranks[0]["node"] as? String)
        ranks[0][key] = value
        document["ranks"] = ranks
        try scratch.file(
            "edited.json", contents: String(decoding: JSONSerialization.data(withJSONObject: document), as: UTF8.self))
        let outcome = try Command.run("validate", scratch("edited.json"), "--model", Command.fixture)
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
        #expect(key == "width" || outcome.errors.contains(node))
    }

    @Test("ranks cannot fall without data")
    func usage() throws {
        let bare = try Command.run(
            "convert", Command.fixture, "--plan", try planned().path, "--heal", "none", "-o",
            scratch("bare.reuse.h5"))
        #expect(bare.status == 2 && bare.errors.contains("lowers the rank of"), "\(bare.errors)")
    }
}
