import ArchitectureSpecs
import JSON
import ModelGraph
import Platform
import Tensors
import TestSupport
import Testing
import WeightFiles

/// A table and a head that may be the same matrix.
private let spec = #"""
    {
      "name": "tied", "title": "A table and a head",
      "recognise": [{ "parameter": "table/tokens", "score": 50 }],
      "config": [
        { "name": "differs", "kind": "flag", "differs": ["head/weight", "table/tokens"] },
        { "name": "says_tied", "kind": "flag", "keys": { "hf": "tie" }, "default": true },
        { "name": "is_tied", "kind": "flag", "condition": "says_tied and not differs" }
      ],
      "graph": {
        "inputs": [{ "name": "input_ids" }],
        "nodes": [
          { "name": "table", "kind": "embedding", "inputs": ["input_ids"], "vocabulary": 3, "width": 2 },
          {
            "name": "head", "kind": "linear", "inputs": ["table"], "inputWidth": 2, "outputWidth": 3, "hasBias": false,
            "ties": { "weight": { "parameter": "table/tokens", "isTransposed": true, "when": "is_tied" } }
          }
        ],
        "outputs": [{ "name": "logits", "value": "head" }], "use": [{ "use": "language_model" }]
      },
      "tensors": {
        "safetensors": {
          "scopes": ["model.", ""], "orientations": { "linear": "transpose" },
          "parameters": {
            "table": { "tokens": { "names": "tokens", "copies": ["decoder_tokens", "head"] } },
            "head": { "weight": "head" }
          }
        }
      }
    }
    """#

@Suite("Tensors that models share, as files store them")
struct SharedTensorTests {
    private func catalog(_ tensors: [String: [Float]]) -> TensorCatalog {
        TensorCatalog(
            tensors.sorted { $0.key < $1.key }.map { name, values in
                StoredTensor(
                    name: name, file: "model.safetensors", path: name, dtype: .float32, shape: [3, 2],
                    storedByteCount: 24
                ) { () throws(FileError) -> Tensor in Tensor(values, shape: [3, 2]) }
            })
    }

    private func bind(
        _ tensors: [String: [Float]], tie: Bool? = nil
    ) throws -> (isTied: Bool, binding: ArchitectureSpecs.Binding) {
        let family = try ArchitectureSpec(Array(spec.utf8), path: "tied.json")
        let table = try #require(family.table(for: "safetensors"))
        let index = catalog(tensors)
        let config = ModelConfiguration(.object(tie.map { ["tie": .bool($0)] } ?? [:]), vocabulary: "hf")
        let settings = try SettingsResolver(spec: family, config: config, table: table, tensors: index).settings().get()
        let expanded = try SpecExpander.expand(family, settings)
        let (sources, problems) = ParameterSources.make(table, for: expanded, settings)
        return (
            settings["is_tied"] == .flag(true),
            TensorBinder(sources, catalog: index).bind(expanded.graph, problems: problems)
        )
    }

    private let one: [Float] = [1, 2, 3, 4, 5, 6], other: [Float] = [6, 5, 4, 3, 2, 1]

    @Test("a shared matrix is found under whichever name was kept")
    func kept() throws {
        for name in ["tokens", "model.tokens", "decoder_tokens", "head"] {
            let (isTied, binding) = try bind([name: one])
            #expect(isTied && binding.problems.isEmpty && binding.parameters.count == 1, "\(name)")
            #expect(binding.parameters.first?.tensors.map(\.name) == [name])
        }
    }

    @Test("copies beside it are told as such, and a head that differs is read as one of its own")
    func beside() throws {
        let (isTied, binding) = try bind(["tokens": one, "head": one, "decoder_tokens": one])
        #expect(isTied && binding.problems.isEmpty)
        #expect(binding.roles["head"] == .copy("table/tokens"))
        #expect(binding.roles["decoder_tokens"] == .copy("table/tokens"))
        for tie in [nil, true, false] as [Bool?] {
            let (isTied, binding) = try bind(["tokens": one, "head": other], tie: tie)
            #expect(!isTied && binding.problems.isEmpty && binding.parameters.count == 2)
        }
    }

    @Test("a head that is said to be its own and is not there is missing")
    func missing() throws {
        let (isTied, binding) = try bind(["tokens": one], tie: false)
        #expect(!isTied && binding.missing.map(\.id) == ["head/weight"])
        // The head alone does not stand for the table then.
        let (_, headOnly) = try bind(["head": one], tie: false)
        #expect(headOnly.missing.map(\.id) == ["table/tokens"])
    }
}
