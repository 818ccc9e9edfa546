import ArchitectureSpecs
import JSON
import Platform
import Testing
import WeightFiles

@Suite("Settings that a configuration does not tell")
struct UntoldSettingTests {
    @Test("a value that is not handled is one problem, and not damage of what reads it")
    func one() throws {
        let text = #"""
            {
              "name": "kinds", "title": "Kinds",
              "recognise": [{ "key": "kind", "matches": "*", "score": 50 }],
              "config": [
                { "name": "kind", "kind": "choice", "keys": { "hf": "kind" }, "values": { "one": "first" } },
                { "name": "is_first", "kind": "flag", "condition": "kind == first" },
                { "name": "size", "kind": "integer", "when": "is_first", "value": 2, "otherwise": 3 }
              ],
              "graph": {
                "inputs": [{ "name": "input_ids" }], "nodes": [], "outputs": [], "use": [{ "use": "encoder" }]
              },
              "tensors": { "safetensors": { "parameters": {} } }
            }
            """#
        let spec = try ArchitectureSpec(Array(text.utf8), path: "kinds.json")
        let table = try #require(spec.table(for: "safetensors"))
        let resolver = SettingsResolver(
            spec: spec, config: .init(.object(["kind": .string("two")]), vocabulary: "hf"), table: table,
            tensors: TensorCatalog([]))
        guard case .failure(let problems) = resolver.settings() else {
            Issue.record("a kind that nobody knows was taken")
            return
        }
        #expect(problems.list.map(\.kind) == [.unsupported])
    }
}
