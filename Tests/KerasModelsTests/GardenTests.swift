import Checkpoints
import Foundation
import Inputs
import ModelGraph
import NumPy
import Platform
import Runtime
import Tensors
import TestSupport
import Testing
import WeightFiles

/// Models of TensorFlow's Model Garden: blocks and whole encoders as one layer, and layers that reuse attention maps.
@Suite struct GardenTests {
    static let cases = [
        "garden_reuse_partial", "garden_reuse_relative", "garden_cross_layer", "garden_encoder_block_prenorm",
        "garden_bert_encoder_v2",
    ]

    private func reference(_ folder: String) throws -> [String: Tensor] {
        try NumPyArchive(path: "\(fixtures)/\(folder)/reference.npz").tensors()
    }

    private func results(of model: Model, _ reference: [String: Tensor]) throws -> [String: Tensor] {
        var inputs: [String: Tensor] = [:]
        for (name, tensor) in reference where name.hasPrefix("in.") { inputs[String(name.dropFirst(3))] = tensor }
        return try run(model, inputs)
    }

    @Test(arguments: cases) func resultsAndMapsAreThoseOfKeras(_ folder: String) throws {
        let reference = try reference(folder)
        let model = try Checkpoint.load(path: "\(fixtures)/\(folder)/model.h5")
        let results = try results(of: model, reference)
        for (name, expected) in reference {
            if name.hasPrefix("out.") {
                #expect(difference(results["output.\(name.dropFirst(4))"], expected) < 1e-5, "\(name)")
            } else if name.hasPrefix("scores.") {
                // In the layer's own order: heads that compute first, then those that reuse.
                #expect(difference(results["attentions_\(name.dropFirst(7))"], expected) < 1e-5, "\(name)")
            }
        }
        let summary = try Checkpoint.describe(path: "\(fixtures)/\(folder)/model.h5")
        #expect(summary.problems == [])
    }

    /// Chains are resolved: a map is computed once, wherever it is read.
    @Test func reuseIsReadAsAPlan() throws {
        let model = try Checkpoint.load(path: "\(fixtures)/garden_reuse_partial/model.h5")
        let plan = try #require(model.plan)
        #expect(plan.replacedCount == 6 && model.graph.mapCount == 10)
        func node(_ layer: Int) -> String { "layer_\(layer)/self_attention" }
        func reused(_ layer: Int, _ head: Int) -> HeadSource { .reused(HeadID(node: node(layer), head: head)) }
        let expected: [[HeadSource]] = [
            [.computed, .computed, .computed, .computed],
            [.computed, .computed, reused(0, 0), reused(0, 1)],
            [.computed, .computed, .computed, reused(1, 0)],
            // The layer before gives three new maps and one reused: three of them are its own.
            [.computed, reused(2, 0), reused(2, 1), reused(2, 2)],
        ]
        for (layer, sources) in expected.enumerated() {
            #expect(plan.layers[layer].node == node(layer))
            #expect(plan.layers[layer].heads.map(\.source) == sources)
        }
        #expect(try Checkpoint.describe(path: "\(fixtures)/garden_reuse_partial/model.h5").plan == plan)
        #expect(try Checkpoint.load(path: "\(fixtures)/garden_bert_encoder_v2/model.h5").plan == nil)
    }

    /// A layer that hands on what it was given lets the next one reach back to the root.
    @Test func wholeLayersOfReusedMapsPassThemOn() throws {
        let graph = try Checkpoint.load(path: "\(fixtures)/garden_reuse_relative/model.h5").graph
        let last = try #require(graph.attentionNodes.last?.attention)
        #expect(last.heads.last == .reused(HeadID(node: "layer_1/self_attention", head: 0)))
        let whole = try #require(graph.node(named: "layer_2/self_attention")?.attention)
        #expect(whole.computedHeads.isEmpty && whole.positions == nil)
        #expect(
            whole.heads.map(\.terms.first?.map) == [
                .head(HeadID(node: "layer_1/self_attention", head: 0)),
                .head(HeadID(node: "layer_1/self_attention", head: 1)),
                .head(HeadID(node: "layer_0/self_attention", head: 0)),
                .head(HeadID(node: "layer_0/self_attention", head: 1)),
            ])
    }

    @Test(arguments: ["garden_reuse_partial", "garden_reuse_relative", "garden_cross_layer"])
    func aReuseModelSurvivesItsFile(_ folder: String) throws {
        let reference = try reference(folder)
        let model = try Checkpoint.load(path: "\(fixtures)/\(folder)/model.h5")
        let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).reuse.h5").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Checkpoint.write(model, to: path, compression: .none, toolVersion: "test") { _ in }
        let readBack = try Checkpoint.load(path: path)
        #expect(readBack.graph == model.graph && readBack.plan == model.plan)
        let before = try results(of: model, reference), after = try results(of: readBack, reference)
        #expect(before.keys == after.keys)
        for (name, tensor) in before { #expect(difference(after[name], tensor) == 0, "\(name)") }
    }

    /// Vectors of a text are means of the rows that are no padding, here out of what Keras computes.
    @Test func pooledVectorsLeaveOutWhatTheMaskHides() throws {
        let reference = try reference("garden_encoder_block_prenorm")
        let model = try Checkpoint.load(path: "\(fixtures)/garden_encoder_block_prenorm/model.h5")
        let ids = try #require(reference["in.input_word_ids"]), mask = try #require(reference["in.input_mask"])
        let value = try #require(model.graph.hiddenStates.last)
        #expect(Array(model.graph.rowMasks.values) == ["input_mask"])
        let compiled = try CompiledModel(
            model,
            options: .init(resources: .init(threads: 1), observation: Observation(values: [value, "input_mask"])))
        let vectors = try compiled.vectors(
            of: value,
            for: GraphArrays.sequences(from: ["input_word_ids": ids, "input_mask": mask], for: model.graph)
        ).floats
        let rows = try #require(reference["out.sequence_output"]).floats, shown = mask.floats
        for sequence in 0..<3 {
            let visible = (0..<12).filter { shown[sequence * 12 + $0] != 0 }
            #expect(sequence == 0 || visible.count < 12)
            for column in 0..<24 {
                let sum = visible.reduce(Float(0)) { $0 + rows[(sequence * 12 + $1) * 24 + column] }
                #expect(abs(vectors[sequence * 24 + column] - sum / Float(visible.count)) < 1e-5)
            }
        }
    }

    // MARK: What makes no sense

    /// Two attention layers over an input, the second one reusing maps of the first.
    private func pair(
        _ first: String, _ second: String, scores: Bool = true, outputs: [String] = ["second"]
    ) throws -> Model {
        var sketch = Sketch()
        sketch.input("x", [3, 2])
        try sketch.layer("first", "ReuseMultiHeadAttention", first, ["x", "x"])
        let maps = Sketch.tensor("first", result: scores ? 1 : 0)
        try sketch.layer(
            "second", "ReuseMultiHeadAttention", second, ["x", "x"], keywords: ["reuse_attention_scores": maps])
        return try model(sketch.model(outputs: outputs), Self.weights(heads: 2) + Self.reusing(1, of: 2))
    }

    private static func numbers(_ name: String, _ shape: [Int]) -> SourceTensor {
        stored(name, Shape(shape), (0..<shape.reduce(1, *)).map { Float($0 % 5) / 4 - 0.5 })
    }

    private static func weights(heads: Int) -> [SourceTensor] {
        let place = "layers/reuse_multi_head_attention"
        return [
            numbers("\(place)/_query_dense/vars/0", [2, heads, 1]),
            numbers("\(place)/_key_dense/vars/0", [2, heads, 1]),
            numbers("\(place)/_value_dense/einsum_dense/vars/0", [2, heads, 1]),
            numbers("\(place)/_output_dense/einsum_dense/vars/0", [heads, 1, 2]),
        ]
    }

    private static func reusing(_ reused: Int, of heads: Int) -> [SourceTensor] {
        let place = "layers/reuse_multi_head_attention_1", new = heads - reused
        return [
            numbers("\(place)/_query_dense/vars/0", [2, new, 1]), numbers("\(place)/_key_dense/vars/0", [2, new, 1]),
            numbers("\(place)/_value_dense/einsum_dense/vars/0", [2, reused, 1]),
            numbers("\(place)/_value_dense/einsum_dense_1/vars/0", [2, new, 1]),
            numbers("\(place)/_output_dense/einsum_dense/vars/0", [reused, 1, 2]),
            numbers("\(place)/_output_dense/einsum_dense_1/vars/0", [new, 1, 2]),
        ]
    }

    private static let plain = #"{"num_heads": 2, "key_dim": 1, "use_bias": false, "reuse_attention": 0}"#
    private static let reusing = #"{"num_heads": 2, "key_dim": 1, "use_bias": false, "reuse_attention": 1}"#

    /// Weights of reused heads stand first in the file and last in the node.
    @Test func projectionsFollowTheirHeads() throws {
        let model = try pair(Self.plain, Self.reusing)
        #expect(model.graph.node(named: "second")?.attention?.heads[1] == .reused(HeadID(node: "first", head: 0)))
        let place = "layers/reuse_multi_head_attention_1"
        let stored = Self.reusing(1, of: 2).reduce(into: [:]) { $0[$1.name] = $1 }
        let reused = try #require(try stored["\(place)/_value_dense/einsum_dense/vars/0"]?.read()).floats
        let new = try #require(try stored["\(place)/_value_dense/einsum_dense_1/vars/0"]?.read()).floats
        #expect(model.tensors["second/value_weight"]?.floats == [new[0], reused[0], new[1], reused[1]])
    }

    @Test(arguments: [
        (#"{"num_heads": 2, "key_dim": 1, "use_bias": false, "reuse_attention": 3}"#, true, "3 of 2 heads reuse a map"),
        (#"{"num_heads": 2, "key_dim": 1, "use_bias": false, "reuse_attention": -2}"#, true, "-2 of 2 heads"),
        (Self.reusing, false, "the maps that it reuses are not those of an attention layer"),
        (#"{"num_heads": 4, "key_dim": 1, "use_bias": false, "reuse_attention": 3}"#, true, "reuses 3 of 2 maps"),
    ]) func reuseThatLeadsNowhereIsRefused(_ config: String, _ scores: Bool, _ message: String) throws {
        let error = try #require(throws: FileError.self) { try pair(Self.plain, config, scores: scores) }
        #expect(error.problems.contains { $0.contains(message) }, "\(error.problems)")
    }
}
