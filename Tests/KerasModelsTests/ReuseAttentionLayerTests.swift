import ModelGraph
import Platform
import Tensors
import TestSupport
import Testing
import WeightFiles

/// Layers of the Model Garden, put together by hand.
@Suite("Attention layers that reuse maps")
struct ReuseAttentionLayerTests {
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

    private static func numbers(_ name: String, _ shape: [Int]) -> StoredTensor {
        stored(name, Shape(shape), (0..<shape.reduce(1, *)).map { Float($0 % 5) / 4 - 0.5 })
    }

    private static func weights(heads: Int) -> [StoredTensor] {
        let layer = "layers/reuse_multi_head_attention"
        return [
            numbers("\(layer)/_query_dense/vars/0", [2, heads, 1]),
            numbers("\(layer)/_key_dense/vars/0", [2, heads, 1]),
            numbers("\(layer)/_value_dense/einsum_dense/vars/0", [2, heads, 1]),
            numbers("\(layer)/_output_dense/einsum_dense/vars/0", [heads, 1, 2]),
        ]
    }

    private static func reusing(_ reused: Int, of heads: Int) -> [StoredTensor] {
        let layer = "layers/reuse_multi_head_attention_1", new = heads - reused
        return [
            numbers("\(layer)/_query_dense/vars/0", [2, new, 1]), numbers("\(layer)/_key_dense/vars/0", [2, new, 1]),
            numbers("\(layer)/_value_dense/einsum_dense/vars/0", [2, reused, 1]),
            numbers("\(layer)/_value_dense/einsum_dense_1/vars/0", [2, new, 1]),
            numbers("\(layer)/_output_dense/einsum_dense/vars/0", [reused, 1, 2]),
            numbers("\(layer)/_output_dense/einsum_dense_1/vars/0", [new, 1, 2]),
        ]
    }

    private static let plain = #"{"num_heads": 2, "key_dim": 1, "use_bias": false, "reuse_attention": 0}"#
    private static let reusing = #"{"num_heads": 2, "key_dim": 1, "use_bias": false, "reuse_attention": 1}"#

    /// Weights of reused heads stand first in the file and last in the node.
    @Test("projections of reused heads, which are stored first, follow their heads to the end")
    func projections() throws {
        let model = try pair(Self.plain, Self.reusing)
        #expect(model.graph.node(named: "second")?.attention?.heads[1] == .reused(HeadID(node: "first", head: 0)))
        let layer = "layers/reuse_multi_head_attention_1"
        let stored = Self.reusing(1, of: 2).reduce(into: [:]) { $0[$1.name] = $1 }
        let reused = try #require(try stored["\(layer)/_value_dense/einsum_dense/vars/0"]?.read()).floats
        let new = try #require(try stored["\(layer)/_value_dense/einsum_dense_1/vars/0"]?.read()).floats
        #expect(model.tensors["second/value_weight"]?.floats == [new[0], reused[0], new[1], reused[1]])
    }

    @Test(
        "reuse of maps that are not there is refused with how many there are",
        arguments: [
            (
                #"{"num_heads": 2, "key_dim": 1, "use_bias": false, "reuse_attention": 3}"#, true,
                "3 of 2 heads reuse a map"
            ),
            (#"{"num_heads": 2, "key_dim": 1, "use_bias": false, "reuse_attention": -2}"#, true, "-2 of 2 heads"),
            (Self.reusing, false, "the maps that it reuses are not those of an attention layer"),
            (#"{"num_heads": 4, "key_dim": 1, "use_bias": false, "reuse_attention": 3}"#, true, "reuses 3 of 2 maps"),
        ])
    func refusals(_ config: String, _ scores: Bool, _ message: String) throws {
        let error = try #require(throws: FileError.self) { try pair(Self.plain, config, scores: scores) }
        #expect(error.problems.contains { $0.contains(message) }, "\(error.problems)")
    }
}
