import JSON
import ModelGraph
import Platform
import Tensors
import Testing
import TestSupport
import WeightFiles

@Suite("Windows, norms, merges and activations of Keras against arithmetic done by hand")
struct WindowLayerTests {
    private let series = Tensor([1, 2, 3, 4, 5, 6], shape: [1, 3, 2])

    /// One layer over an input `[batch, 3, 2]`.
    private func result(
        of className: String, _ config: String, _ weights: [StoredTensor] = [], module: String = "keras.layers"
    ) throws -> Tensor {
        var sketch = Sketch()
        sketch.input("x", [3, 2])
        try sketch.layer("y", className, config, ["x"], module: module)
        return try #require(try run(model(sketch.model(outputs: ["y"]), weights), ["x": series])["output"])
    }

    /// A class, its options, and what it gives.
    typealias Definition = (className: String, config: String, values: [Float], shape: [Int])

    private static let half: [Float] = [1.5, 1.5, 3.5, 3.5, 5.5, 5.5]
    /// 1, 3, 5 over √35 and 2, 4, 6 over √56.
    private static let unit: [Float] = [0.1690309, 0.2672612, 0.5070926, 0.5345225, 0.8451543, 0.8017837]
    /// −2½ … 2½ over √(35 / 12).
    private static let normed: [Float] = [-1.4638501, -0.8783101, -0.29277, 0.29277, 0.8783101, 1.4638501]
    /// 1, 3, 5 times the sigmoids of 2, 4, 6.
    private static let gated: [Float] = [0.8807971, 2.9460414, 4.9876369]

    static let plain: [Definition] = [
        ("MaxPooling1D", #"{"pool_size": [2], "strides": [1]}"#, [3, 4, 5, 6], [1, 2, 2]),
        ("MaxPooling1D", #"{"pool_size": [2]}"#, [3, 4], [1, 1, 2]),
        // Edges do not count: the last mean is of one row.
        ("AveragePooling1D", #"{"pool_size": [2], "padding": "same"}"#, [2, 3, 5, 6], [1, 2, 2]),
        ("UpSampling1D", #"{"size": 2}"#, [1, 2, 1, 2, 3, 4, 3, 4, 5, 6, 5, 6], [1, 6, 2]),
        ("ZeroPadding1D", #"{"padding": [1, 0]}"#, [0, 0, 1, 2, 3, 4, 5, 6], [1, 4, 2]),
        ("Cropping1D", #"{"cropping": [0, 2]}"#, [1, 2], [1, 1, 2]),
        ("UnitNormalization", #"{"axis": 1}"#, unit, [1, 3, 2]),
        (
            "ReLU", #"{"max_value": 4.5, "negative_slope": 0.5, "threshold": 2.5}"#, [-0.75, -0.25, 3, 4, 4.5, 4.5],
            [1, 3, 2]
        ),
        ("LeakyReLU", #"{"negative_slope": 0.25}"#, [1, 2, 3, 4, 5, 6], [1, 3, 2]),
        ("ThresholdedReLU", #"{"theta": 3.0}"#, [0, 0, 0, 4, 5, 6], [1, 3, 2]),
        ("Activation", #"{"activation": "relu6"}"#, [1, 2, 3, 4, 5, 6], [1, 3, 2]),
        ("Activation", #"{"activation": "sparsemax"}"#, [0, 1, 0, 1, 0, 1], [1, 3, 2]),
        ("Activation", #"{"activation": "glu"}"#, gated, [1, 3, 1]),
        ("GroupNormalization", #"{"groups": 1, "epsilon": 0.0, "scale": false, "center": false}"#, normed, [1, 3, 2]),
    ]

    @Test("a layer without weights gives the numbers and the shape of its definition", arguments: plain)
    func plainLayers(_ definition: Definition) throws {
        let y = try result(of: definition.className, definition.config)
        #expect(y.shape == Shape(definition.shape))
        for (found, wanted) in zip(y.floats, definition.values) {
            #expect(abs(found - wanted) < 1e-6, "\(definition.className) \(definition.config)")
        }
    }

    @Test("groups of channels do not see each other, and a depthwise kernel is stored channel by channel")
    func groups() throws {
        let grouped = try result(
            of: "Conv1D", #"{"filters": 2, "kernel_size": [2], "groups": 2, "use_bias": false}"#,
            [stored("layers/conv1d/vars/0", [2, 1, 2], [1, 10, 100, 1000])])
        #expect(grouped.floats == [301, 4020, 503, 6040])
        let depthwise = try result(
            of: "DepthwiseConv1D", #"{"kernel_size": 1, "depth_multiplier": 2, "use_bias": true}"#,
            [
                stored("layers/depthwise_conv1d/vars/0", [1, 2, 2], [1, 2, 10, 20]),
                stored("layers/depthwise_conv1d/vars/1", [4], [0, 0, 0.5, 0]),
            ])
        #expect(depthwise.floats == [1, 2, 20.5, 40, 3, 6, 40.5, 80, 5, 10, 60.5, 120])
    }

    @Test("a transposed convolution adds windows where they meet")
    func transposed() throws {
        let kernel = stored("layers/conv1d_transpose/vars/0", [3, 1, 2], [1, 0, 10, 0, 100, 0])
        let config = #"{"filters": 1, "kernel_size": [3], "strides": [2], "use_bias": false, "padding": "#
        // 1 · (1, 10, 100) at 0, 3 · at 2, 5 · at 4.
        let whole = try result(of: "Conv1DTranspose", config + #""valid"}"#, [kernel])
        #expect(whole.floats == [1, 10, 103, 30, 305, 50, 500])
        let same = try result(of: "Conv1DTranspose", config + #""same"}"#, [kernel])
        #expect(same.floats == [1, 10, 103, 30, 305, 50])
    }

    @Test("a norm over two axes has a factor a place")
    func twoAxes() throws {
        let factors: [Float] = [1, 2, 3, 4, 5, 6]
        let y = try result(
            of: "LayerNormalization", #"{"axis": [1, 2], "epsilon": 0.0, "center": false}"#,
            [stored("layers/layer_normalization/vars/0", [3, 2], factors)])
        let scale = Float(35.0 / 12).squareRoot()
        for (index, found) in y.floats.enumerated() {
            #expect(abs(found - (Float(index) - 2.5) / scale * factors[index]) < 1e-5)
        }
    }

    @Test("learned slopes are shared along the axes of extent 1")
    func learnedSlopes() throws {
        var sketch = Sketch()
        sketch.input("x", [3, 2])
        try sketch.layer("minus", "Rescaling", #"{"scale": -1, "offset": 3.5}"#, ["x"])
        try sketch.layer("y", "PReLU", #"{"shared_axes": [1]}"#, ["minus"])
        let one = try run(
            model(sketch.model(outputs: ["y"]), [stored("layers/p_re_lu/vars/0", [1, 2], [0.5, 2])]), ["x": series])
        #expect(one["output"]?.floats == [2.5, 1.5, 0.5, -1, -0.75, -5])
        var each = Sketch()
        each.input("x", [3, 2])
        try each.layer("minus", "Rescaling", #"{"scale": -1, "offset": 3.5}"#, ["x"])
        try each.layer("y", "PReLU", "{}", ["minus"])
        let all = try run(
            model(each.model(outputs: ["y"]), [stored("layers/p_re_lu/vars/0", [3, 2], [0, 0, 0, 1, 2, 4])]),
            ["x": series])
        #expect(all["output"]?.floats == [2.5, 1.5, 0.5, -0.5, -3, -10])
    }

    @Test("products of two tensors run along the named axes")
    func products() throws {
        func product(_ axes: String) throws -> Tensor {
            var sketch = Sketch()
            sketch.input("x", [3, 2])
            try sketch.layer("same", "Rescaling", #"{"scale": 1}"#, ["x"])
            try sketch.layer("y", "Dot", "{\"axes\": \(axes)}", ["x", "same"], asList: true)
            return try #require(try run(model(sketch.model(outputs: ["y"])), ["x": series])["output"])
        }
        let byWidth = try product("2"), byRows = try product("[1, 1]")
        #expect(byWidth.floats == [5, 11, 17, 11, 25, 39, 17, 39, 61])
        #expect(byWidth.shape == [1, 3, 3])
        #expect(byRows.floats == [35, 44, 44, 56])
        #expect(byRows.shape == [1, 2, 2])
    }

    @Test("a layer inside TimeDistributed does not see the first axis")
    func timeDistributed() throws {
        func distributed(_ inner: String, _ config: String) throws -> Tensor {
            var sketch = Sketch()
            sketch.input("x", [3, 2])
            try sketch.layer("frames", "Reshape", #"{"target_shape": [3, 2, 1]}"#, ["x"])
            try sketch.layer(
                "y", "TimeDistributed", #"{"layer": {"class_name": "\#(inner)", "config": \#(config)}}"#, ["frames"])
            return try #require(try run(model(sketch.model(outputs: ["y"])), ["x": series])["output"])
        }
        #expect(try distributed("Flatten", #"{"name": "inner"}"#).shape == [1, 3, 2])
        #expect(try distributed("GlobalAveragePooling1D", #"{"name": "inner"}"#).floats == [1.5, 3.5, 5.5])
        #expect(try distributed("MaxPooling1D", #"{"name": "inner", "pool_size": 2}"#).floats == [2, 4, 6])
        let error = try #require(throws: FileError.self) { try distributed("Dot", #"{"name": "inner", "axes": 1}"#) }
        #expect(error.kind == .unsupported)
    }

    static let refused: [(className: String, config: String, word: String)] = [
        (
            "Dense", #"{"units": 2, "activation": {"class_name": "function", "module": "builtins", "config": "relu"}}"#,
            "relu"
        ),
        ("Dense", #"{"units": 2, "activation": "Custom>relu"}"#, "Custom>relu"),
        ("Dense", #"{"units": 2, "activation": {"class_name": "__lambda__", "config": {}}}"#, "lambda"),
        ("Dense", #"{"units": 2, "activation": {"value": ["4wEA", null, null]}}"#, "lambda"),
        ("Dense", #"{"units": 2, "gain": 3}"#, "gain"),
        ("MaxPooling1D", #"{"pool_size": 2, "padding": "reflect"}"#, "reflect"),
        ("MaxPooling1D", #"{"pool_size": 2, "ceil_mode": true}"#, "ceil_mode"),
        ("UpSampling1D", #"{"size": 2, "interpolation": "bilinear"}"#, "bilinear"),
    ]

    @Test("what is not in the file, or not computed, is refused by name", arguments: refused)
    func refusals(_ example: (className: String, config: String, word: String)) throws {
        let weights = [
            stored("layers/dense/vars/0", [2, 2], [1, 0, 0, 1]), stored("layers/dense/vars/1", [2], [0, 0]),
        ]
        let error = try #require(throws: FileError.self) {
            try result(of: example.className, example.config, example.className == "Dense" ? weights : [])
        }
        #expect(error.kind == .unsupported)
        #expect(error.problems[0].contains(example.word), "\(error.problems)")
    }
}
