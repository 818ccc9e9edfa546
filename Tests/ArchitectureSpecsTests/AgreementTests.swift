import ArchitectureSpecs
import JSON
import ModelGraph
import Platform
import Testing
import WeightFiles

@Suite("Keys of a configuration that have to say the same")
struct AgreementTests {
    private func settings(_ config: String) throws -> Result<Settings, SettingsResolver.Problems> {
        let text = #"""
            {
              "name": "turned", "title": "Turned",
              "recognise": [{ "key": "kind", "matches": "*", "score": 50 }],
              "config": [
                { "name": "positions", "kind": "integer", "keys": { "hf": "positions" }, "default": 64 },
                {
                  "name": "base", "kind": "number", "mustAgree": true,
                  "keys": { "hf": ["rope_parameters.rope_theta", "rope_theta"] }, "default": 10000
                },
                {
                  "name": "scaling", "kind": "rotary", "keys": { "hf": ["rope_parameters", "rope_scaling"] },
                  "positions": "positions"
                }
              ],
              "graph": {
                "inputs": [{ "name": "input_ids" }], "nodes": [], "outputs": [], "use": [{ "use": "encoder" }]
              },
              "tensors": { "safetensors": { "parameters": {} } }
            }
            """#
        let spec = try ArchitectureSpec(Array(text.utf8), path: "turned.json")
        let document = try Document.decode(JSONValue.self, from: Array(config.utf8))
        return SettingsResolver(
            spec: spec, config: .init(document, vocabulary: "hf"), table: try #require(spec.table(for: "safetensors")),
            tensors: TensorCatalog([])
        ).settings()
    }

    @Test(
        "two values of one thing are refused, and both keys are named",
        arguments: [
            (
                #"{"rope_parameters": {"rope_theta": 1e4}, "rope_theta": 1e6}"#,
                ["rope_parameters.rope_theta", "rope_theta"]
            ),
            (
                #"{"rope_parameters": {"type": "linear", "factor": 2}, "rope_scaling": {"type": "yarn", "factor": 4}}"#,
                ["rope_parameters", "rope_scaling"]
            ),
            (
                #"{"rope_parameters": {"rope_type": "default"}, "rope_scaling": {"type": "dynamic", "factor": 4}}"#,
                ["rope_parameters", "rope_scaling"]
            ),
        ])
    func refused(_ config: String, _ keys: [String]) throws {
        guard case .failure(let problems) = try settings(config) else {
            Issue.record("\(config) was read")
            return
        }
        #expect(problems.list.map(\.kind) == [.unsupported])
        for key in keys { #expect(problems.list[0].message.contains("\"\(key)\""), "\(problems.list[0].message)") }
    }

    @Test(
        "the same told twice is read, in whatever spelling",
        arguments: [
            #"{"rope_parameters": {"rope_theta": 10000}, "rope_theta": 10000.0}"#,
            #"{"rope_parameters": {"rope_type": "linear", "factor": 4}, "#
                + #""rope_scaling": {"type": "linear", "factor": 4}}"#,
            #"{"rope_parameters": {"rope_type": "default", "rope_theta": 1e4}, "rope_scaling": null}"#,
        ])
    func read(_ config: String) throws {
        guard case .success(let settings) = try settings(config) else {
            Issue.record("\(config) was refused")
            return
        }
        #expect(settings["base"] == .number(10000))
    }
}
