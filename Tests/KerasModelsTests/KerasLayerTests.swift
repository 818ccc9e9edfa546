import JSON
import KerasFiles
import ModelGraph
import Platform
import Tensors
import Testing
import TestSupport
import WeightFiles

@Suite("Keras layers against arithmetic done by hand")
struct KerasLayerTests {
    private let series = Tensor([1, 2, 3, 4, 5, 6], shape: [1, 3, 2])

    /// One layer over an input `[batch, 3, 2]`.
    private func result(
        of className: String, _ config: String, _ weights: [StoredTensor] = [], module: String = "keras.layers",
        keywords: [String: JSONValue] = [:]
    ) throws -> Tensor {
        var sketch = Sketch()
        sketch.input("x", [3, 2])
        try sketch.layer("y", className, config, ["x"], keywords: keywords, module: module)
        return try #require(try run(model(sketch.model(outputs: ["y"]), weights), ["x": series])["output"])
    }

    @Test("batch normalization folds its four variables into a scale and an offset")
    func batchNormalization() throws {
        let path = "layers/batch_normalization/vars"
        let y = try result(
            of: "BatchNormalization", #"{"axis": -1, "epsilon": 0.0}"#,
            [
                stored("\(path)/0", [2], [2, 1]), stored("\(path)/1", [2], [10, 0]), stored("\(path)/2", [2], [1, 4]),
                stored("\(path)/3", [2], [4, 1]),
            ])
        #expect(y.floats == [10, -2, 12, 0, 14, 2])
    }

    @Test("a causal convolution looks at earlier rows only, zeros before the first")
    func causalConvolution() throws {
        let path = "layers/conv1d/vars"
        let y = try result(
            of: "Conv1D",
            #"{"filters": 1, "kernel_size": [2], "strides": [1], "padding": "causal", "activation": "linear"}"#,
            [stored("\(path)/0", [2, 2, 1], [1, 0, 0, 10]), stored("\(path)/1", [1], [0.5])])
        // Window t holds rows t - 1 and t; the first of them is padding at the start.
        #expect(y.floats == [20.5, 41.5, 63.5])
        #expect(y.shape == [1, 3, 1])
    }

    @Test("pooling over channels that come first gives the mean of each row")
    func channelsFirst() throws {
        let y = try result(of: "GlobalAveragePooling1D", #"{"data_format": "channels_first"}"#)
        #expect(y.floats == [1.5, 3.5, 5.5])
        #expect(y.shape == [1, 3])
    }

    static let plain: [(String, String, [Float], [Int])] = [
        ("Reshape", #"{"target_shape": [2, 3]}"#, [1, 2, 3, 4, 5, 6], [1, 2, 3]),
        ("Reshape", #"{"target_shape": [-1]}"#, [1, 2, 3, 4, 5, 6], [1, 6]),
        ("Flatten", "{}", [1, 2, 3, 4, 5, 6], [1, 6]),
        ("Permute", #"{"dims": [2, 1]}"#, [1, 3, 5, 2, 4, 6], [1, 2, 3]),
        ("Rescaling", #"{"scale": 2, "offset": -1}"#, [1, 3, 5, 7, 9, 11], [1, 3, 2]),
        ("GlobalMaxPooling1D", "{}", [5, 6], [1, 2]),
        ("Activation", #"{"activation": "relu"}"#, [1, 2, 3, 4, 5, 6], [1, 3, 2]),
        ("Dropout", #"{"rate": 0.5}"#, [1, 2, 3, 4, 5, 6], [1, 3, 2]),
    ]

    @Test("a layer without weights gives the numbers and the shape of its definition", arguments: plain)
    func plainLayers(_ className: String, _ config: String, _ values: [Float], _ shape: [Int]) throws {
        let y = try result(of: className, config)
        #expect(y.floats == values)
        #expect(y.shape == Shape(shape))
    }

    static let rows: [(Int, [Float], [Int])] = [(0, [1, 2], [1, 2]), (-1, [5, 6], [1, 2])]

    @Test("an index into a tensor takes a single row, counted from either end", arguments: rows)
    func singleRows(_ index: Int, _ values: [Float], _ shape: [Int]) throws {
        var sketch = Sketch()
        sketch.input("x", [nil, 2])
        let whole = try json(#"{"class_name": "__slice__", "config": {"start": null, "stop": null, "step": null}}"#)
        try sketch.layer("y", "GetItem", "{}", ["x"], module: "keras.src.ops.numpy")
        // The second argument of the call: the index.
        let config = sketch.model(outputs: ["y"]).appendingArgument(.array([whole, .integer(index)]), to: "y")
        let y = try #require(try run(model(config), ["x": series])["output"])
        #expect(y.floats == values)
        #expect(y.shape == Shape(shape))
    }

    @Test("an operation of a tensor and a number is a factor and an offset")
    func numbers() throws {
        var sketch = Sketch()
        sketch.input("x", [3, 2])
        try sketch.layer("y", "Multiply", "{}", ["x"], module: "keras.src.ops.numpy")
        let config = sketch.model(outputs: ["y"]).appendingArgument(.number(0.5), to: "y")
        #expect(try run(model(config), ["x": series])["output"]?.floats == [0.5, 1, 1.5, 2, 2.5, 3])
    }

    @Test("tensors are concatenated side by side or one after the other, by the axis")
    func concatenation() throws {
        var sketch = Sketch()
        sketch.input("x", [nil, 2])
        try sketch.layer("wide", "Concatenate", #"{"axis": -1}"#, ["x", "x"], asList: true)
        try sketch.layer("long", "Concatenate", #"{"axis": 1}"#, ["x", "x"], asList: true)
        let results = try run(model(sketch.model(outputs: ["wide", "long"])), ["x": series])
        #expect(results["output.wide"]?.floats == [1, 2, 1, 2, 3, 4, 3, 4, 5, 6, 5, 6])
        #expect(results["output.long"]?.shape == [1, 6, 2])
        #expect(results["output.long"]?.floats == series.floats + series.floats)
    }

    @Test("rows that a masking layer hides are left out of a pooled mean")
    func masking() throws {
        var sketch = Sketch()
        sketch.input("x", [nil, 2])
        try sketch.layer("masked", "Masking", #"{"mask_value": 0.0}"#, ["x"])
        try sketch.layer("y", "GlobalAveragePooling1D", "{}", ["masked"])
        let padded = Tensor([1, 2, 3, 4, 0, 0], shape: [1, 3, 2])
        #expect(try run(model(sketch.model(outputs: ["y"])), ["x": padded])["output"]?.floats == [2, 3])
    }

    static let means: [(KerasGeneration, [Float])] = [(.keras2, [2, 3]), (.keras3, [4.0 / 3.0, 2])]

    @Test("the sum of masked and plain rows keeps the mask in Keras 2 and loses it in Keras 3", arguments: means)
    func sumsUnderMasks(_ generation: KerasGeneration, _ mean: [Float]) throws {
        var sketch = Sketch()
        sketch.input("x", [nil, 2])
        try sketch.layer("masked", "Masking", #"{"mask_value": 0.0}"#, ["x"])
        try sketch.layer("halves", "Rescaling", #"{"scale": 0.0}"#, ["x"])
        try sketch.layer("sum", "Add", "{}", ["masked", "halves"], asList: true)
        try sketch.layer("y", "GlobalAveragePooling1D", "{}", ["sum"])
        let padded = Tensor([1, 2, 3, 4, 0, 0], shape: [1, 3, 2])
        let made = try model(sketch.model(outputs: ["y"]), generation: generation)
        let y = try #require(try run(made, ["x": padded])["output"])
        #expect(difference(y, Tensor(mean, shape: [1, 2])) < 1e-6)
    }

    @Test("a layer that is applied twice has one set of parameters")
    func sharedLayers() throws {
        var sketch = Sketch()
        sketch.input("x", [nil, 2])
        try sketch.layer("twice", "Dense", #"{"units": 2, "use_bias": false}"#, ["x"])
        let config = sketch.model(outputs: ["twice"]).appendingCall(of: "twice", on: "twice", output: 1)
        let kernel = stored("layers/dense/vars/0", [2, 2], [0, 1, 2, 0])
        let made = try model(config, [kernel])
        #expect(made.tensors.count == 1)
        // The square of the matrix is twice the identity.
        #expect(try run(made, ["x": series])["output"]?.floats == series.floats.map { $0 * 2 })
    }

    @Test("every unknown layer is named with its position in the model")
    func unknownLayers() throws {
        var sketch = Sketch()
        sketch.input("x", [3, 2])
        try sketch.layer("memory", "ConvLSTM1D", #"{"units": 4}"#, ["x"])
        try sketch.layer("back", "ConvLSTM2D", "{}", ["memory"])
        let error = try #require(throws: FileError.self) { try model(sketch.model(outputs: ["back"])) }
        #expect(error.kind == .unsupported)
        #expect(error.problems.count == 2)
        #expect(error.problems[0].contains("memory, layer 2 of 3 of \"sketch\": the layer ConvLSTM1D is not known"))
    }
}

extension JSONValue {
    /// The configuration with one more argument of a layer's first call.
    fileprivate func appendingArgument(_ argument: JSONValue, to layer: String) -> JSONValue {
        changingLayer(layer) { members in
            guard let call = members["inbound_nodes"]?.arrayValue?.first else { return }
            let arguments = (call["args"]?.arrayValue ?? []) + [argument]
            members["inbound_nodes"] = .array([.object(["args": .array(arguments), "kwargs": .object([:])])])
        }
    }

    /// The configuration with one more call of a layer on its own first result.
    fileprivate func appendingCall(of layer: String, on other: String, output: Int) -> JSONValue {
        var result = changingLayer(layer) { members in
            let call = JSONValue.object(["args": .array([Sketch.tensor(other)]), "kwargs": .object([:])])
            members["inbound_nodes"] = .array((members["inbound_nodes"]?.arrayValue ?? []) + [call])
        }
        guard case .object(var root) = result, case .object(var config)? = root["config"] else { return result }
        config["output_layers"] = .array([.array([.string(layer), .integer(output), .integer(0)])])
        root["config"] = .object(config)
        result = .object(root)
        return result
    }

    private func changingLayer(_ name: String, _ change: (inout [String: JSONValue]) -> Void) -> JSONValue {
        guard case .object(var root) = self, case .object(var config)? = root["config"],
            let layers = config["layers"]?.arrayValue
        else { return self }
        config["layers"] = .array(
            layers.map { layer in
                guard layer["name"] == .string(name), case .object(var members) = layer else { return layer }
                change(&members)
                return .object(members)
            })
        root["config"] = .object(config)
        return .object(root)
    }
}
