import ArchitectureSpecs
import JSON
import Platform
import Tensors
import TestSupport
import Testing
import WeightFiles

/// A family with a pooler, two classifiers and windows in some layers.
private let headSpec = #"""
    {
      "name": "headed", "title": "A family with heads",
      "recognise": [{ "key": "model_type", "matches": "headed", "score": 50 }],
      "config": [
        { "name": "layers", "kind": "integer", "keys": { "hf": "layers" } },
        {
          "name": "window", "kind": "integer", "keys": { "hf": "window" }, "default": 16, "isUnsetByNull": true
        },
        {
          "name": "windowed", "kind": "list", "count": "layers", "keys": { "hf": "layer_types" },
          "values": { "sliding": true, "full": false }, "needs": "window", "condition": "i % 2 == 0"
        },
        {
          "name": "head", "kind": "head", "keys": { "hf": "architectures" },
          "heads": [
            { "head": "sequence", "classes": "HeadedForSequence", "stores": ["classifier/weight", "pooler/weight"] },
            { "head": "tokens", "classes": "HeadedForTokens", "stores": "classifier/weight" },
            { "head": "none", "classes": "HeadedModel" }
          ]
        }
      ],
      "harmless": [
        { "keys": "attention_window", "values": [0, 1], "reason": "not read" },
        { "keys": "pooler_kind", "when": "head != sequence", "reason": "no pooler is read" }
      ],
      "graph": {
        "inputs": [{ "name": "input_ids" }],
        "nodes": [
          { "name": "pooler", "kind": "linear", "inputs": ["input_ids"], "inputWidth": 4, "outputWidth": 4 },
          { "name": "classifier", "kind": "linear", "inputs": ["pooler"], "inputWidth": 4, "outputWidth": 3 }
        ],
        "outputs": [], "use": [{ "use": "encoder" }]
      },
      "tensors": {
        "safetensors": {
          "parameters": {
            "pooler": { "weight": "pooler.weight" }, "classifier": { "weight": "classifier.weight" }
          }
        }
      }
    }
    """#

@Suite("Heads by class, lists by layer, accounting of keys")
struct HeadTests {
    private let spec: ArchitectureSpec

    init() throws { spec = try ArchitectureSpec(Array(headSpec.utf8), path: "headed.json") }

    private func configuration(_ members: String) throws -> ModelConfiguration {
        ModelConfiguration(
            try JSONValue(parsing: Array("{ \"model_type\": \"headed\", \"layers\": 3\(members) }".utf8), file: "c"),
            vocabulary: "hf")
    }

    private func resolution(
        _ members: String, stores names: [String]
    ) throws -> Result<SettingsResolver.Resolution, SettingsResolver.Problems> {
        SettingsResolver(
            spec: spec, config: try configuration(members), table: try #require(spec.table(for: "safetensors")),
            tensors: TensorCatalog(shapes: names.map { ($0, [4, 4]) })
        ).resolution()
    }

    private func head(_ members: String, stores names: [String]) throws -> (String, notes: [String]) {
        let found = try resolution(members, stores: names).get()
        return (found.settings.describe("head"), found.notes)
    }

    @Test("the class that the configuration names decides, whatever else is stored")
    func named() throws {
        let both = ["pooler.weight", "classifier.weight"]
        #expect(try head(", \"architectures\": [\"HeadedForTokens\"]", stores: both).0 == "\"tokens\"")
        #expect(try head(", \"architectures\": [\"TFHeadedForTokens\"]", stores: both).0 == "\"tokens\"")
        #expect(try head(", \"architectures\": [\"HeadedModel\"]", stores: both).0 == "\"none\"")
    }

    @Test("a named head that is not stored leaves the base model, and a note says so")
    func headless() throws {
        let found = try head(", \"architectures\": [\"HeadedForSequence\"]", stores: ["pooler.weight"])
        #expect(found.0 == "\"none\"")
        #expect(found.notes.count == 1 && found.notes[0].contains("HeadedForSequence"))
    }

    @Test("where no class is named, what is stored decides")
    func unnamed() throws {
        #expect(try head("", stores: ["pooler.weight", "classifier.weight"]).0 == "\"sequence\"")
        #expect(try head("", stores: ["classifier.weight"]).0 == "\"tokens\"")
        #expect(try head("", stores: []).0 == "\"none\"")
    }

    @Test("a class that the family has not is refused by name")
    func unknown() throws {
        guard case .failure(let problems) = try resolution(", \"architectures\": [\"HeadedForSpeech\"]", stores: [])
        else { return #expect(Bool(false), "accepted") }
        #expect(problems.list.count == 1 && problems.list[0].kind == .unsupported)
        #expect(problems.list[0].message.contains("HeadedForSpeech"))
    }

    private func windowed(_ members: String) throws -> [Bool]? {
        let settings = try resolution(members, stores: []).get().settings
        guard case .flags(let flags)? = settings["windowed"] else { return nil }
        return flags
    }

    @Test("a list is what the key tells, else what the condition gives")
    func lists() throws {
        #expect(try windowed("") == [true, false, true])
        #expect(try windowed(", \"layer_types\": [\"full\", \"full\", \"sliding\"]") == [false, false, true])
    }

    @Test("lists of another length, unknown words, and windows without a width are errors")
    func wrongLists() throws {
        for members in [
            "\"layer_types\": [\"full\"]", "\"layer_types\": [\"full\", \"full\", \"chunked\"]",
            "\"window\": null, \"layer_types\": [\"full\", \"full\", \"sliding\"]",
        ] {
            guard case .failure(let problems) = try resolution(", " + members, stores: []) else {
                #expect(Bool(false), "\(members) is accepted")
                continue
            }
            #expect(problems.list[0].message.contains("layer_types"))
        }
    }

    @Test("a null leaves a setting unset where the spec says so; a missing key means the default")
    func nulls() throws {
        #expect(try resolution("", stores: []).get().settings.describe("window") == "16")
        #expect(try resolution(", \"window\": null", stores: []).get().settings["window"] == nil)
    }

    @Test("conditions read lists by index")
    func conditions() throws {
        let settings = Settings(["windowed": .flags([true, false]), "i": .integer(1)])
        #expect(try !Condition(parsing: "windowed[i]").holds(in: settings))
        #expect(try Condition(parsing: "not windowed[i] and windowed[0]").holds(in: settings))
        #expect(throws: Expression.Failure.self) { try Condition(parsing: "windowed[2]").holds(in: settings) }
    }

    private func refused(_ members: String, waived: Set<String> = []) throws -> [String] {
        let config = try configuration(members)
        let settings = try resolution(members, stores: []).get().settings
        let ledger = try #require(try spec.ledger(of: config, settings, waived: waived))
        return ledger.refusals.map(\.key)
    }

    @Test("keys that all families have, the family's own and people's own change nothing")
    func harmless() throws {
        let members = """
            , "hidden_dropout_prob": 0.1, "torch_dtype": "float32", "attention_window": 1, "pooler_kind": "x",
            "my_run": 7, "use_alibi": false, "is_decoder": false, "layer_types": null
            """
        #expect(try refused(members).isEmpty)
    }

    @Test("keys that could change the outputs are refused, at their value")
    func refusals() throws {
        let members = """
            , "attention_window": 2, "is_decoder": true, "alibi_slopes": 4, "quantization_config": { "bits": 4 }
            """
        #expect(try refused(members) == ["alibi_slopes", "attention_window", "is_decoder", "quantization_config"])
    }

    @Test("every built-in table of common keys can be read")
    func tables() throws {
        #expect(try CommonKeys.rules(for: "hf")?.harmless.isEmpty == false)
        #expect(try CommonKeys.rules(for: "kerashub")?.harmless.isEmpty == false)
        #expect(try CommonKeys.rules(for: "keras") == nil)
    }
}
