import Foundation
import JSON
import ModelGraph
import Platform
import Tensors
import Testing
import TestSupport
import WeightFiles

@Suite("Attention and AdditiveAttention against arithmetic in double precision")
struct PlainAttentionTests {
    private static let queries: [[Double]] = [[0.5, -1], [1, 0.25], [0.75, 0.5]]
    private static let values: [[Double]] = [[1, 2, 3], [-1, 0.5, 0]]
    private static let keys: [[Double]] = [[0.25, 1], [-2, 0.5]]

    private func tensor(_ rows: [[Double]]) -> Tensor {
        Tensor(rows.flatMap { $0 }.map(Float.init), shape: [1, rows.count, rows[0].count])
    }

    /// Maps and results, causal ones counted from the first row and key.
    private func attended(isCausal: Bool, _ score: ([Double], [Double]) -> Double) -> (maps: [Double], rows: [Double]) {
        var maps: [Double] = [], rows: [Double] = []
        for (number, query) in Self.queries.enumerated() {
            let scores = Self.keys.enumerated().map { key, row in
                score(query, row) - (isCausal && key > number ? 1e9 : 0)
            }
            let shares = scores.map { exp($0 - (scores.max() ?? 0)) }, sum = shares.reduce(0, +)
            let map = shares.map { $0 / sum }
            maps += map
            rows += (0..<3).map { column in zip(map, Self.values).reduce(0.0) { $0 + $1.0 * $1.1[column] } }
        }
        return (maps, rows)
    }

    @Test(
        "scores are products or sums of tangents, of three tensors, causal or not",
        arguments: ["dot", "concat", "additive"], [false, true])
    func scores(_ mode: String, isCausal: Bool) throws {
        var sketch = Sketch()
        sketch.input("q", [3, 2])
        sketch.input("v", [2, 3])
        sketch.input("k", [2, 2])
        let isAdditive = mode == "additive"
        try sketch.layer(
            "y", isAdditive ? "AdditiveAttention" : "Attention",
            isAdditive ? #"{"use_scale": true}"# : #"{"use_scale": true, "score_mode": "\#(mode)"}"#, ["q", "v", "k"],
            asList: true, keywords: isCausal ? ["use_causal_mask": .bool(true)] : [:])
        let path = isAdditive ? "layers/additive_attention/vars" : "layers/attention/vars"
        var weights = [stored("\(path)/0", isAdditive ? [2] : [], isAdditive ? [0.5, -2] : [0.7])]
        if mode == "concat" { weights.append(stored("\(path)/1", [], [1.3])) }
        let model = try model(sketch.model(outputs: ["y"]), weights)
        let results = try run(
            model, ["q": tensor(Self.queries), "v": tensor(Self.values), "k": tensor(Self.keys)])
        let scale = Double(Float(0.7)), factor = Double(Float(1.3))
        let wanted = attended(isCausal: isCausal) { query, key in
            let sums = zip(query, key).map { $0 + $1 }
            switch mode {
            case "dot": return scale * zip(query, key).reduce(0.0) { $0 + $1.0 * $1.1 }
            case "concat": return factor * sums.reduce(0.0) { $0 + tanh(scale * $1) }
            default: return 0.5 * tanh(sums[0]) - 2 * tanh(sums[1])
            }
        }
        let maps = try #require(results["attentions_0"]), rows = try #require(results["output"])
        #expect(maps.shape == [1, 3, 2])
        #expect(rows.shape == [1, 3, 3])
        for (found, value) in zip(maps.floats, wanted.maps) { #expect(abs(Double(found) - value) < 1e-6) }
        for (found, value) in zip(rows.floats, wanted.rows) { #expect(abs(Double(found) - value) < 1e-6) }
    }

    @Test("hidden words are not looked at, and give zeros")
    func masks() throws {
        var sketch = Sketch()
        sketch.input("ids", [3], type: "int32")
        try sketch.layer(
            "words", "Embedding", #"{"input_dim": 3, "output_dim": 2, "mask_zero": true}"#, ["ids"])
        try sketch.layer("y", "Attention", "{}", ["words", "words"], asList: true)
        let table = stored("layers/embedding/vars/0", [3, 2], [9, 9, 1, 0, 0, 1])
        let results = try run(
            model(sketch.model(outputs: ["y"]), [table]), ["ids": Tensor([1, 0, 2], shape: [1, 3])])
        let near = Float(exp(1.0) / (exp(1.0) + 1))
        let wanted = [near, 1 - near, 0, 0, 1 - near, near]
        for (found, value) in zip(try #require(results["output"]).floats, wanted) { #expect(abs(found - value) < 1e-6) }
    }
}
