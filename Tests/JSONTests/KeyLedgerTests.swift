import JSON
import Platform
import Testing

@Suite("Accounting of the keys of a settings file")
struct KeyLedgerTests {
    private static let text = """
        {
          "hidden_size": 8, "dropout": 0.1, "is_decoder": true, "use_bias": null, "surprise": "x",
          "rope_scaling": { "type": "linear", "factor": 2, "other": 1 }, "id2label": { "0": "no" }
        }
        """

    private func document() throws -> JSONValue {
        try JSONValue(parsing: Array(Self.text.utf8), file: "config.json")
    }

    private static let rules = [
        KeyRule(keys: ["drop*"], reason: "left out at inference"),
        KeyRule(keys: ["is_decoder"], values: [.bool(false)], reason: "an encoder"),
    ]

    private func ledger(waived: Set<String> = []) throws -> KeyLedger {
        KeyLedger(
            of: try document(), in: "config.json",
            used: ["hidden_size", "rope_scaling.type", "rope_scaling.factor", "id2label"], harmless: Self.rules,
            waived: waived)
    }

    @Test("Every member is used, harmless, taken out or refused")
    func fates() throws {
        let fates = Dictionary(uniqueKeysWithValues: try ledger(waived: ["surprise"]).entries.map { ($0.key, $0.fate) })
        #expect(fates["hidden_size"] == .used)
        #expect(fates["id2label"] == .used)
        #expect(fates["dropout"] == .harmless("left out at inference"))
        #expect(fates["use_bias"] == .harmless("null: it is not set"))
        #expect(fates["surprise"] == .waived)
        #expect(fates["rope_scaling.factor"] == .used)
    }

    @Test("Refusals name the key and its value, and say how to go on")
    func refusals() throws {
        let ledger = try ledger()
        #expect(ledger.refusals.map(\.key) == ["is_decoder", "rope_scaling.other", "surprise"])
        let error = try #require(ledger.error(path: "model"))
        #expect(error.kind == .unsupported)
        #expect(error.problems[0].contains("\"is_decoder\" is true") && error.problems[0].contains("false"))
        #expect(error.problems[2].contains("\"surprise\" is \"x\""))
        #expect(error.remedy.contains("--ignore-config is_decoder"))
    }

    @Test("A key that the user takes out is gone, also inside another")
    func removing() throws {
        let rest = try document().removing(["surprise", "rope_scaling.other"])
        #expect(rest["surprise"] == nil)
        #expect(rest["rope_scaling"]?["other"] == nil)
        #expect(rest["rope_scaling"]?["factor"] == .integer(2))
    }
}
