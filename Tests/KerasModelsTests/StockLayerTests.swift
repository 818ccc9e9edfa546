import JSON
import KerasModels
import ModelGraph
import Platform
import Tensors
import Testing
import TestSupport
import WeightFiles

@Suite("What a configuration says is used, refused by name, or known to be harmless")
struct StockLayerTests {
    @Test(
        "a key that nobody knows is refused with its value",
        arguments: [
            ("Dense", #"{"units": 1, "use_bias": false, "low_rank": 2}"#, "low_rank"),
            ("Masking", #"{"mask_value": 0.0, "mask_ends": true}"#, "mask_ends"),
            ("Reshape", #"{"target_shape": [2, 3], "order": "F"}"#, "order"),
        ])
    func unknownKeys(_ className: String, _ config: String, _ key: String) throws {
        var sketch = Sketch()
        sketch.input("x", [3, 2])
        try sketch.layer("y", className, config, ["x"])
        let description = sketch.model(outputs: ["y"])
        let error = #expect(throws: FileError.self) {
            try model(description, [stored("layers/dense/vars/0", [2, 1], [1, 1])])
        }
        #expect(error?.kind == .unsupported)
        #expect(error?.problems.first?.contains("\"\(key)\"") == true)
    }

    @Test("keys that say nothing, and those that cannot change a result, are passed over")
    func harmlessKeys() throws {
        var sketch = Sketch()
        sketch.input("x", [3, 2])
        try sketch.layer(
            "y", "Reshape", #"{"target_shape": [2, 3], "order": null, "seed": 3, "autocast": true}"#, ["x"])
        _ = try model(sketch.model(outputs: ["y"]))
    }

    @Test("texts that come into a model are refused with the reason")
    func texts() throws {
        var sketch = Sketch()
        sketch.input("x", [1], type: "string")
        try sketch.layer("y", "TextVectorization", "{}", ["x"])
        let description = sketch.model(outputs: ["y"])
        let error = #expect(throws: FileError.self) { try model(description) }
        #expect(error?.kind == .unsupported)
        #expect(error?.problems.first?.contains("TextVectorization takes texts") == true)
    }

    @Test("lists of weights go by the order where names differ, and say so")
    func listsByOrder() throws {
        var sketch = Sketch()
        sketch.input("x", [1])
        try sketch.layer("dense_1", "Dense", #"{"units": 1, "use_bias": false}"#, ["x"])
        try sketch.layer("dense_2", "Dense", #"{"units": 1, "use_bias": false}"#, ["dense_1"])
        let listed = ListedWeights(layers: [
            .init(name: "dense_2", tensors: [stored("a", [1, 1], [3])]),
            .init(name: "dense_3", tensors: [stored("b", [1, 1], [4])]),
        ])
        let graph = try KerasGraph(
            sketch.model(outputs: ["dense_2"]), generation: .keras3, weights: .listed(listed),
            registry: KerasLayerRegistry(), path: "test")
        #expect(graph.parameterSources.sources["dense_1/weight"]?.names == ["a"])
        #expect(graph.parameterSources.sources["dense_2/weight"]?.names == ["b"])
        #expect(graph.notes.first?.contains("dense_1 reads dense_2") == true)
    }

    @Test("lists of the same names in another order contradict the configuration")
    func listsInAnotherOrder() throws {
        var sketch = Sketch()
        sketch.input("x", [1])
        try sketch.layer("a", "Dense", #"{"units": 1, "use_bias": false}"#, ["x"])
        try sketch.layer("b", "Dense", #"{"units": 1, "use_bias": false}"#, ["a"])
        let description = sketch.model(outputs: ["b"])
        let listed = ListedWeights(layers: [
            .init(name: "b", tensors: [stored("b", [1, 1], [3])]),
            .init(name: "a", tensors: [stored("a", [1, 1], [4])]),
        ])
        let error = #expect(throws: FileError.self) {
            try KerasGraph(
                description, generation: .keras3, weights: .listed(listed), registry: KerasLayerRegistry(), path: "test"
            )
        }
        #expect(error?.kind == .corrupt)
    }

    /// One attention over masked rows and its mean.
    private func maskOfMean(_ version: String?, isSum: Bool) throws -> Bool {
        var sketch = Sketch()
        sketch.input("x", [3, 2])
        try sketch.layer("masked", "Masking", #"{"mask_value": 0.0}"#, ["x"])
        try sketch.layer(
            "mha", "MultiHeadAttention", #"{"num_heads": 1, "key_dim": 2, "use_bias": false}"#, ["masked", "masked"])
        if isSum { try sketch.layer("sum", "Add", "{}", ["masked", "mha"], asList: true) }
        try sketch.layer("y", "GlobalAveragePooling1D", "{}", [isSum ? "sum" : "mha"])
        var description = sketch.model(outputs: ["y"])
        if let version, case .object(var members) = description {
            members["keras_version"] = .string(version)
            description = .object(members)
        }
        let path = "layers/multi_head_attention"
        let weights =
            ["query", "key", "value"].map { stored("\(path)/\($0)_dense/vars/0", [2, 1, 2], [1, 0, 0, 1]) }
            + [stored("\(path)/output_dense/vars/0", [1, 2, 2], [1, 0, 0, 1])]
        let node = try #require(try model(description, weights).graph.node(named: "y"))
        return node.inputs.count == 2
    }

    @Test("since 3.8 attention takes masks off what it reads: a residual sum has none, its own result has")
    func masksOfAttention() throws {
        #expect(try maskOfMean("3.15.1", isSum: true) == false)
        #expect(try maskOfMean("3.15.1", isSum: false))
        #expect(try maskOfMean(nil, isSum: true) == false)
        #expect(try maskOfMean("3.6.0", isSum: true))
    }
}
