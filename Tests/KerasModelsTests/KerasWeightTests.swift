import JSON
import KerasFiles
import KerasModels
import ModelGraph
import Platform
import Tensors
import Testing
import TestSupport
import WeightFiles

@Suite("Which stored tensor belongs to which Keras layer")
struct KerasWeightTests {
    /// As `keras.src.utils.naming.to_snake_case` spells them.
    @Test(
        "class names are spelled in snake case as Keras spells them",
        arguments: [
            ("Dense", "dense"), ("MultiHeadAttention", "multi_head_attention"), ("ViT", "vi_t"),
            ("RMSNormalization", "rms_normalization"), ("Conv1D", "conv1d"), ("EinsumDense", "einsum_dense"),
            ("GlobalAveragePooling1D", "global_average_pooling1d"), ("TFOpLambda", "tf_op_lambda"),
            ("My_Layer", "my__layer"), ("T5Block", "t5_block"), ("ReLU", "re_lu"), ("aBC", "a_bc"),
        ])
    func snakeCase(_ name: String, _ expected: String) { #expect(name.snakeCased == expected) }

    private func dense(_ names: [String]) throws -> JSONValue {
        var sketch = Sketch()
        sketch.input("x", [1])
        var last = "x"
        for name in names {
            try sketch.layer(name, "Dense", #"{"units": 1, "use_bias": false}"#, [last])
            last = name
        }
        return sketch.model(outputs: [last])
    }

    private func kernels(_ model: Model, _ names: [String]) -> [Float] {
        names.compactMap { model.tensors["\($0)/weight"]?.floats.first }
    }

    /// Layers are counted by class, not by name; Keras 2.13 counts every one twice.
    @Test(
        "layers in a weights file are found by their number among layers of their class",
        arguments: [
            ("layers", ["dense", "dense_1", "dense_2"]),
            ("_layer_checkpoint_dependencies", ["dense", "dense_2", "dense_4"]),
        ])
    func numberedLayers(_ list: String, _ groups: [String]) throws {
        let names = ["dense_7", "head", "dense"]
        let weights = groups.enumerated().map { stored("\(list)/\($1)/vars/0", [1, 1], [Float($0 + 1)]) }
        #expect(try kernels(model(dense(names), weights), names) == [1, 2, 3])
    }

    @Test("noted names of the same layers in another order make a weights file corrupt")
    func contradictingNames() throws {
        let weights = [
            stored("layers/dense/vars/0", [1, 1], [1]), stored("layers/dense_1/vars/0", [1, 1], [2]),
        ]
        let description = try KerasModelReader.model(dense(["a", "b"]), generation: .keras3)
        func problems(_ names: [String: String]) -> [Problem] {
            ObjectWeights(weights, names: names).assign(to: description, KerasLayerRegistry()).problems
        }
        #expect(problems(["layers/dense": "a", "layers/dense_1": "b"]).isEmpty)
        // Another program gave other names: only the counts say anything.
        #expect(problems(["layers/dense": "dense_8", "layers/dense_1": "dense_9"]).isEmpty)
        #expect(problems(["layers/dense": "b", "layers/dense_1": "a"]).map(\.kind) == [.corrupt, .corrupt])
    }

    @Test("every layer whose variables are missing is named with the path where they should be")
    func missingVariables() throws {
        let error = try #require(throws: FileError.self) {
            try model(dense(["a", "b", "c"]), [stored("layers/dense/vars/0", [1, 1], [1])])
        }
        #expect(error.kind == .corrupt)
        #expect(error.problems.count == 2)
        #expect(error.problems[0].contains("kernel at layers/dense_1/vars is missing"))
    }

    /// Moving averages come after everything that is trained, a frozen layer's weights among them.
    @Test("a list of weights holds those that are trained first, then the others")
    func trainedWeightsFirst() throws {
        let text = """
            {"class_name": "Sequential", "config": {"name": "outer", "layers": [
              {"class_name": "Sequential", "config": {"name": "inner", "layers": [
                {"class_name": "Dense", "config": {"name": "frozen", "units": 1, "trainable": false,
                 "batch_input_shape": [null, 1]}},
                {"class_name": "BatchNormalization", "config": {"name": "bn"}},
                {"class_name": "Dense", "config": {"name": "d", "units": 1}}]}}]}}
            """
        let description = try KerasModelReader.model(json(text), generation: .keras2)
        let names = [
            "gamma", "beta", "kernel", "bias", "frozen_kernel", "frozen_bias", "moving_mean", "moving_variance",
        ]
        let listed = ListedWeights(layers: [.init(name: "inner", tensors: names.map { stored($0, [1], [0]) })])
        let (variables, problems) = listed.assign(to: description, KerasLayerRegistry())
        #expect(problems.isEmpty)
        func found(_ layer: String) -> [String] { variables.tensors(of: ["inner", layer]).map(\.name) }
        #expect(found("bn") == ["gamma", "beta", "moving_mean", "moving_variance"])
        #expect(found("d") == ["kernel", "bias"])
        #expect(found("frozen") == ["frozen_kernel", "frozen_bias"])
    }

    @Test("a list with another number of weights than the layer has variables is corrupt")
    func otherLengths() throws {
        let description = try KerasModelReader.model(dense(["a"]), generation: .keras2)
        let tensors = [stored("kernel", [1, 1], [1]), stored("bias", [1], [1])]
        let problems = ListedWeights(layers: [.init(name: "a", tensors: tensors)])
            .assign(to: description, KerasLayerRegistry()).problems
        #expect(problems.map(\.message) == ["a (Dense): has 2 weights, 1 in the configuration"])
    }

    // MARK: Quantized

    private func quantized(_ weights: [StoredTensor], units: Int, inputs: Int = 2) throws -> Model {
        var sketch = Sketch()
        sketch.input("x", [inputs])
        try sketch.layer("d", "Dense", #"{"units": \#(units), "use_bias": false}"#, ["x"])
        return try model(sketch.model(outputs: ["d"]), weights)
    }

    @Test("an 8-bit kernel is divided by the scale of each column, and its input is rounded")
    func eightBits() throws {
        let made = try quantized(
            [
                stored("layers/dense/vars/0", [2, 2], bytes: [100, -50, 127, 1]),
                stored("layers/dense/vars/1", [2], [10, 100]),
            ], units: 2)
        #expect(made.tensors["d/weight"]?.floats == [10, -0.5, 12.7, 0.01])
        // The input is rounded as the layer rounds it.
        #expect(made.graph.nodes.map(\.operation.kind) == ["round", "linear"])
    }

    /// Two numbers a byte, the low half first, in two's complement.
    @Test("a 4-bit kernel with one scale a column is divided by it")
    func fourBits() throws {
        let low: [Int8] = [Int8(bitPattern: 0xF1), 0x07, Int8(bitPattern: 0x88), 0x00]
        let made = try quantized(
            [stored("layers/dense/vars/0", [2, 2], bytes: low), stored("layers/dense/vars/1", [3], [1, 2, 4])],
            units: 3)
        #expect(made.tensors["d/weight"]?.floats == [1, -0.5, 1.75, -8, -4, 0])
        #expect(made.graph.nodes.map(\.operation.kind) == ["linear"])
    }

    @Test("a 4-bit kernel in blocks of rows loses its zero points and is multiplied by its scales")
    func fourBitBlocks() throws {
        let made = try quantized(
            [
                stored("layers/dense/vars/0", [2, 1], bytes: [0x21, 0x43]),
                stored("layers/dense/vars/1", [2, 2], [10, 100, 0.5, 0.25]),
                stored("layers/dense/vars/2", [2, 2], bytes: [1, 0, 0, 4]),
                stored("layers/dense/vars/3", [2], [0, 1]),
            ], units: 2)
        #expect(made.tensors["d/weight"]?.floats == [0, 200, 1.5, 0])
    }

    @Test("a row of a 4-bit kernel in a block without scales is refused")
    func blocksWithoutScales() throws {
        let weights = [
            stored("layers/dense/vars/0", [2, 1], bytes: [0x21, 0x43]),
            stored("layers/dense/vars/1", [1, 2], [10, 100]), stored("layers/dense/vars/2", [1, 2], bytes: [1, 0]),
            stored("layers/dense/vars/3", [2], [0, 7]),
        ]
        #expect(throws: (any Error).self) { try quantized(weights, units: 2) }
    }

    /// Neighbours of E4M3 by the table of the format: 448 is the largest, 2⁻⁹ the smallest.
    static let eightBitFloats: [(Float, Float)] = [
        (1, 1), (1.06, 1), (1.07, 1.125), (17, 16), (19, 20), (500, 448), (-500, -448), (0.0009, 0),
        (0.0011, 0.001953125), (0.0029296875, 0.00390625), (0, 0),
    ]

    @Test("a number is rounded to the nearest 8-bit float, the largest beyond it", arguments: eightBitFloats)
    func eightBitFloat(_ value: Float, _ expected: Float) {
        #expect(Rounding.float8(scale: 1).rounded(value) == expected)
    }
}
