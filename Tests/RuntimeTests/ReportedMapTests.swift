import Foundation
import ModelGraph
import Outputs
import Runtime
import Tensors
import Testing
import TestSupport

/// Two attention layers of one head and one column, all weights 1: what the first gives is what the second compares.
@Suite("Maps that a framework reports along another path")
struct ReportedMapTests {
    private func arrays(reported: Attention.Masking.Hiding?) throws -> [String: [Float]] {
        func attention(_ masking: Attention.Masking?) -> ModelGraph.Operation {
            .attention(
                Attention(
                    sizes: .init(inputWidth: 1, outputWidth: 1, headSize: 1), scores: .init(scale: 1, masking: masking),
                    heads: [.computed]))
        }
        let graph = Graph(
            inputs: ["x", "shown"],
            inputLayouts: ["x": InputLayout(rows: .tokens, width: 1), "shown": InputLayout(rows: .tokens)],
            nodes: [
                Node(
                    name: "first",
                    operation: attention(.init(queries: true, hiding: .penalized, reported: reported)),
                    inputs: ["x", "shown"]),
                Node(name: "second", operation: attention(nil), inputs: ["first"]),
            ],
            outputs: [.init(name: "output", value: "second")], hiddenStates: ["first"])
        var tensors: [ParameterID: Tensor] = [:]
        for node in ["first", "second"] {
            for name in ["query", "key", "value", "output"] {
                tensors[ParameterID(node: node, name: "\(name)_weight")] = Tensor([1], shape: [1, 1])
                tensors[ParameterID(node: node, name: "\(name)_bias")] = Tensor([0], shape: [1])
            }
        }
        let model = Model(
            graph: try graph.checked(), tensors: tensors,
            provenance: .init(files: [], dialect: "test", architecture: "test"))
        let sequence = ModelInput(arrays: [
            "x": InputArray(rows: 2, columns: 1, numbers: [1, 2]),
            "shown": InputArray(rows: 2, columns: 1, numbers: [1, 0]),
        ])
        let outputs = try PaddedOutputs(of: model, for: [sequence], selecting: .all, resources: .init(threads: 1))
        return Dictionary(uniqueKeysWithValues: outputs.arrays.map { ($0.name, $0.tensor.floats) })
    }

    private func shares(_ scores: [Float]) -> [Float] {
        let all = scores.map(expf), sum = all.reduce(0, +)
        return all.map { $0 / sum }
    }

    @Test(
        "outputs are those of the path that computes them, maps those of the path that gives scores",
        arguments: [nil, Attention.Masking.Hiding.excluded])
    func paths(_ reported: Attention.Masking.Hiding?) throws {
        let found = try arrays(reported: reported)
        let seen = shares([1, 2])
        let first = seen[0] * 1 + seen[1] * 2
        // The hidden query takes the mean of 1 and 2 …
        let taken: [Float] = [first, 1.5]
        var output: [Float] = []
        for query in taken {
            let map = shares(taken.map { query * $0 })
            output.append(map[0] * taken[0] + map[1] * taken[1])
        }
        // … and, asked for its scores, nothing.
        let told: [Float] = reported == nil ? taken : [first, 0]
        let maps = told.flatMap { query in shares(told.map { query * $0 }) }
        for (name, wanted) in [("output", output), ("attentions_0", seen + [0.5, 0.5]), ("attentions_1", maps)] {
            let values = try #require(found[name])
            #expect(values.count == wanted.count)
            for (one, other) in zip(values, wanted) { #expect(abs(one - other) < 1e-5, "\(name)") }
        }
    }
}
