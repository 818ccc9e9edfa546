import ArchitectureSpecs
import ModelGraph
import Platform
import Tensors
import TestSupport
import Testing
import WeightFiles

/// A family of one linear layer a repetition, small enough to be expanded by hand.
private let tinySpec = #"""
    {
      "name": "tiny", "title": "Linear layers",
      "recognise": [{ "tensor": "block.0/w", "score": 50 }],
      "config": [
        { "name": "width", "kind": "integer", "keys": { "hf": ["width", "size"] } },
        { "name": "blocks", "kind": "integer", "keys": { "hf": "blocks" }, "minimum": 0 },
        { "name": "has_head", "kind": "flag", "present": "head/weight" },
        { "name": "classes", "kind": "integer", "when": "has_head",
          "extent": { "parameter": "head/weight", "axis": 1 } }
      ],
      "graph": {
        "inputs": [{ "name": "input_ids" }, { "name": "token_type_ids", "when": "has_head" }],
        "nodes": [
          {
            "name": "table", "kind": "embedding", "inputs": ["input_ids", "token_type_ids"],
            "vocabulary": "2 * width", "width": "width", "types": 2, "as": "stream", "hiddenState": true
          },
          {
            "repeat": "blocks", "index": "i",
            "nodes": [
              {
                "name": "block_{i}/mix", "kind": "linear", "inputs": ["stream"], "when": "i != 1",
                "inputWidth": "width", "outputWidth": "width", "hasBias": "i == 0", "as": "stream"
              },
              {
                "name": "block_{i}/sum", "kind": "add", "inputs": ["stream", "table"],
                "as": "stream", "hiddenState": true
              }
            ]
          },
          {
            "name": "head", "kind": "linear", "inputs": ["stream"], "when": "has_head",
            "inputWidth": "width", "outputWidth": "classes", "hasBias": false
          },
          {
            "name": "decoder", "kind": "linear", "inputs": ["stream"], "inputWidth": "width",
            "outputWidth": "2 * width", "hasBias": false,
            "ties": { "weight": { "parameter": "table/tokens", "isTransposed": true } }
          }
        ],
        "outputs": [{ "name": "last", "value": "stream" }, { "name": "logits", "value": "head", "when": "has_head" }],
        "use": [{ "use": "classifier", "when": "has_head" }, { "use": "encoder" }]
      },
      "tensors": {
        "hf-tf": {
          "parameters": {
            "table": { "tokens": ["table/new", "table/old"], "types": { "names": "types", "orientation": "reshape" } },
            "block_{i}/mix": {
              "weight": { "names": "block.{i}/w", "part": { "index": 1, "of": 3, "axis": -1 } },
              "bias": { "names": "block.{i}/b", "part": { "index": 1, "of": 3, "axis": -1 }, "orientation": "reshape" }
            },
            "head": { "weight": { "names": "head", "orientation": "transpose" } }
          },
          "ignored": [{ "names": "optimizer/*", "reason": "training state" }]
        }
      }
    }
    """#

@Suite("Expanding and binding a spec")
struct BindingTests {
    private let spec: ArchitectureSpec
    private let shapes: [(String, [Int])] = [
        ("table/old", [8, 4]), ("types", [1, 2, 4]), ("block.0/w", [4, 12]), ("block.0/b", [1, 12]),
        ("block.2/w", [4, 12]),
        ("head", [3, 4]),
    ]

    init() throws {
        spec = try ArchitectureSpec(Array(tinySpec.utf8), path: "tiny.json")
    }

    private func bind(
        _ shapes: [(String, [Int])], blocks: Int = 3, dtype: DType = .float32
    ) throws -> (Graph, ArchitectureSpecs.Binding) {
        let table = try #require(spec.tensors["hf-tf"])
        let index = TensorCatalog(shapes: shapes, dtype: dtype)
        let resolver = SettingsResolver(
            spec: spec,
            config: .init(.object(["size": .integer(4), "blocks": .integer(blocks)]), vocabulary: "hf"), table: table,
            tensors: index)
        let settings = try resolver.settings().get()
        let expanded = try SpecExpander.expand(spec, settings)
        let (sources, problems) = ParameterSources.make(table, for: expanded, settings)
        return (expanded.graph, TensorBinder(sources, catalog: index).bind(expanded.graph, problems: problems))
    }

    @Test("repeat, when, as and ties of a spec unroll to the graph written by hand")
    func expansion() throws {
        let (graph, binding) = try bind(shapes)
        let mix = { (bias: Bool) in Operation.linear(Linear(inputWidth: 4, outputWidth: 4, hasBias: bias)) }
        let expected = Graph(
            inputs: ["input_ids", "token_type_ids"],
            nodes: [
                Node(
                    name: "table", operation: .embedding(Embedding(vocabulary: 8, width: 4, types: 2)),
                    inputs: ["input_ids", "token_type_ids"]),
                Node(name: "block_0/mix", operation: mix(true), inputs: ["table"]),
                Node(name: "block_0/sum", operation: .add, inputs: ["block_0/mix", "table"]),
                Node(name: "block_1/sum", operation: .add, inputs: ["block_0/sum", "table"]),
                Node(name: "block_2/mix", operation: mix(false), inputs: ["block_1/sum"]),
                Node(name: "block_2/sum", operation: .add, inputs: ["block_2/mix", "table"]),
                Node(
                    name: "head", operation: .linear(Linear(inputWidth: 4, outputWidth: 3, hasBias: false)),
                    inputs: ["block_2/sum"]),
                Node(
                    name: "decoder", operation: .linear(Linear(inputWidth: 4, outputWidth: 8, hasBias: false)),
                    inputs: ["block_2/sum"], ties: ["weight": Node.Tie(parameter: "table/tokens", isTransposed: true)]),
            ],
            outputs: [Graph.Output(name: "last", value: "block_2/sum"), Graph.Output(name: "logits", value: "head")],
            hiddenStates: ["table", "block_0/sum", "block_1/sum", "block_2/sum"], use: .classifier)
        #expect(graph == expected)
        _ = try graph.checked()
        #expect(binding.problems == [])
        #expect(
            binding.parameters.map(\.id) == [
                "table/tokens", "table/types", "block_0/mix/weight", "block_0/mix/bias", "block_2/mix/weight",
                "head/weight",
            ])
    }

    @Test("a checkpoint without a head leaves out the head's input, node, output and use")
    func withoutHead() throws {
        let (graph, binding) = try bind(shapes.filter { $0.0 != "head" }, blocks: 1)
        #expect(graph.inputs == ["input_ids"])
        #expect(graph.outputs.map(\.name) == ["last"])
        #expect(graph.use == .encoder)
        // Nothing reads the second block's tensor now.
        #expect(
            binding.problems.map(\.message) == [
                "block.2/w [4, 12] is in the checkpoint, but has no place in the architecture"
            ])
    }

    @Test("missing, superfluous and misshapen tensors are told all at once, with the nearest candidates")
    func problems() throws {
        let (_, binding) = try bind([
            ("table/olt", [8, 4]), ("types", [1, 2, 5]), ("block.0/w", [4, 13]), ("block.0/b", [1, 12]),
            ("block.2/v", [4, 12]), ("head", [3, 4]), ("optimizer/step", [1]),
        ])
        #expect(
            Set(binding.problems.map(\.message)) == [
                "types has shape [1, 2, 5], expected [2, 4] for table/types",
                "block.0/w has shape [4, 13], expected [4, 12] for block_0/mix/weight",
                "table/tokens: \"table/new\" or \"table/old\" [8, 4] is missing; nearest: table/olt [8, 4]",
                "block_2/mix/weight: \"block.2/w\" [4, 12] is missing; nearest: block.2/v [4, 12]",
                "table/olt [8, 4] is in the checkpoint, but has no place in the architecture",
                "block.2/v [4, 12] is in the checkpoint, but has no place in the architecture",
            ])
        #expect(binding.roles["optimizer/step"] == .ignored("training state"))
    }

    @Test("weights that are no floating-point numbers are refused")
    func integers() throws {
        let (_, binding) = try bind(shapes, dtype: .int8)
        #expect(binding.problems.count == 6)
        #expect(binding.problems.allSatisfy { $0.kind == .unsupported && $0.message.contains("holds int8") })
    }

    @Test("parts, transposition and new shapes move the elements where they belong")
    func orientation() throws {
        let stored = Tensor((0..<12).map(Float.init), shape: [2, 6])
        func layout(_ orientation: TensorRule.Orientation, _ part: TensorLayout.Part? = nil) -> TensorLayout {
            TensorLayout(orientation, part: part)
        }
        func floats(_ layout: TensorLayout, _ shape: Shape) -> [Float]? {
            layout.parameter(from: stored, shape: shape)?.floats
        }
        #expect(floats(layout(.identity), [2, 6]) == (0..<12).map(Float.init))
        #expect(floats(layout(.transpose), [6, 2]) == [0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11])
        #expect(floats(layout(.reshape), [12]) == (0..<12).map(Float.init))
        #expect(floats(layout(.identity, .init(index: 2, of: 3, axis: 1)), [2, 2]) == [4, 5, 10, 11])
        #expect(floats(layout(.transpose, .init(index: 0, of: 2, axis: -1)), [3, 2]) == [0, 6, 1, 7, 2, 8])
        #expect(floats(layout(.identity, .init(index: 1, of: 2, axis: 0)), [1, 6]) == [6, 7, 8, 9, 10, 11])
        #expect(floats(layout(.identity, .init(index: 0, of: 4, axis: 1)), [2, 1]) == nil)
        #expect(floats(layout(.identity, .init(index: 3, of: 3, axis: 1)), [2, 2]) == nil)
        #expect(floats(layout(.identity, .init(index: 0, of: 3, axis: 2)), [2, 2]) == nil)
    }

    @Test("two families that fit alike are not guessed between")
    func ambiguity() throws {
        var twin = spec
        twin.name = "twin"
        let library = SpecLibrary([spec, twin])
        let ranking = library.rank(
            config: .init(.object([:]), vocabulary: "hf"), tensors: TensorCatalog(shapes: shapes), dialect: "hf-tf")
        #expect(ranking.map(\.architecture) == ["tiny", "twin"])
        let error = #expect(throws: FileError.self) {
            _ = try library.choose(ranking, claim: "nothing", path: "model.h5")
        }
        #expect(error?.problems.first == "tiny (50) and twin (50) fit alike")
        let alone = SpecLibrary([spec]).rank(
            config: .init(.object([:]), vocabulary: "hf"), tensors: TensorCatalog([]), dialect: "hf-tf")
        let none = #expect(throws: FileError.self) {
            _ = try SpecLibrary([spec]).choose(alone, claim: "model_type is \"t5\"", path: "model.h5")
        }
        #expect(none?.problems.first == "no known architecture fits: model_type is \"t5\"")
    }
}
