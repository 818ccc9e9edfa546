import Foundation
import TestSupport
import Testing

@Suite("Mistakes in edited plans")
struct PlanMistakeTests {
    private let scratch = Scratch()

    /// The fixture's plan, to be edited.
    private func document() throws -> [String: Any] {
        let text = try String(contentsOfFile: try Converted.shared.get().plan, encoding: .utf8)
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    private func validate(_ document: [String: Any]) throws -> Command.Outcome {
        let data = try JSONSerialization.data(withJSONObject: document, options: [.prettyPrinted, .sortedKeys])
        try data.write(to: scratch.url("plan.json"))
        return try Command.run("validate", scratch("plan.json"), "--model", Command.fixture)
    }

    @Test("every mistyped key and every value of a wrong kind is told in one run, each with its place")
    func together() throws {
        var plan = try document()
        plan["budget"] = 7
        var layers = try #require(plan["layers"] as? [[String: Any]])
        layers[0]["nodes"] = layers[0].removeValue(forKey: "node")
        var heads = try #require(layers[1]["heads"] as? [[String: Any]])
        heads[0] = ["source": "borowed", "terms": [["node": 5, "head": 0]], "damage": "much"]
        layers[1]["heads"] = heads
        plan["layers"] = layers
        plan["ranks"] = [["node": "layer_1/attention", "size": 16, "rank": 2.5]]
        let outcome = try validate(plan)
        #expect(outcome.status == 2)
        for mention in [
            "budget: a string was expected, not 7", "layers[0].nodes: the key \"nodes\" is not known here",
            "did you mean \"node\"?", "layers[1].heads[0].source: \"borowed\" is none of computed",
            "layers[1].heads[0].terms[0].node: a string was expected, not 5",
            "layers[1].heads[0].damage: a finite number was expected", "ranks[0].rank: a whole number was expected",
        ] {
            #expect(outcome.message.contains(mention), "\(outcome.errors)")
        }
        #expect(!outcome.message.contains("is missing") && !outcome.message.contains("has no terms"))
    }

    @Test(
        "shares of inputs at an exit are from 0 to 1, or the plan is refused by their names",
        arguments: [("share", 1.0000001), ("share", -0.1), ("agreement", 99.5), ("agreement", -1)])
    func shares(key: String, value: Double) throws {
        var plan = try document()
        plan["exits"] = [["after": "layer_1/norm", "margin": 0.5, key: value]]
        let outcome = try validate(plan)
        #expect(outcome.status == 2)
        #expect(outcome.message.contains("exits[0].\(key): is no share: a number from 0 to 1 was expected"))
    }

    @Test("ends of the range are shares: such a plan is held against the model")
    func ends() throws {
        var plan = try document()
        plan["exits"] = [["after": "layer_1/norm", "margin": 0.5, "share": 0, "agreement": 1]]
        let outcome = try validate(plan)
        // The fixture scores no classes, which is what is wrong then.
        #expect(outcome.status == 2 && outcome.message.contains("no exit can be made"), "\(outcome.errors)")
    }
}
