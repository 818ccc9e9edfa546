import JSON
import ModelGraph
import Platform
import Tensors
import Testing
import TestSupport
import WeightFiles

@Suite("Constants of a configuration against arithmetic done by hand")
struct ConstantTests {
    private let series = Tensor([1, 2, 3, 4, 5, 6], shape: [1, 3, 2])

    /// A constant as Keras 3 writes it.
    private static func constant(_ value: String, kind: String = "__numpy__", type: String = "float32") -> String {
        #"{"class_name": "\#(kind)", "config": {"value": \#(value), "dtype": "\#(type)"}}"#
    }

    private static let x = #"{"class_name": "__keras_tensor__", "config": {"keras_history": ["x", 0, 0]}}"#

    /// One recorded operation over an input `[batch, 3, 2]`.
    private func result(
        of operation: String, _ arguments: String, _ config: String = "{}", type: String = "float32",
        shape: [Int?] = [3, 2], input: Tensor? = nil
    ) throws -> Tensor {
        var sketch = Sketch()
        sketch.input("x", shape, type: type)
        let members = try json(config).objectValue ?? [:]
        let model = try model(
            sketch.model(
                adding: [
                    .object([
                        "module": .string("keras.src.ops.numpy"), "class_name": .string(operation),
                        "name": .string("y"),
                        "config": .object(members.merging(["name": .string("y")]) { $1 }),
                        "inbound_nodes": try json(#"[{"args": \#(arguments), "kwargs": {}}]"#),
                    ])
                ], outputs: ["y"]))
        return try #require(try run(model, ["x": input ?? series])["output"])
    }

    static let operations: [(String, String, String, [Float], [Int])] = [
        ("Add", "[\(x), \(constant("[[[10, 20], [30, 40], [50, 60]]]"))]", "{}", [11, 22, 33, 44, 55, 66], [1, 3, 2]),
        (
            "Add", "[\(constant("[[10, 20], [30, 40], [50, 60]]", kind: "__tensor__")), \(x)]", "{}",
            [11, 22, 33, 44, 55, 66], [1, 3, 2]
        ),
        ("Add", "[\(x), [[1, 1], [2, 2], [3, 3]]]", "{}", [2, 3, 5, 6, 8, 9], [1, 3, 2]),
        ("Subtract", "[\(constant("[10, 20]")), \(x)]", "{}", [9, 18, 7, 16, 5, 14], [1, 3, 2]),
        ("Multiply", "[\(x), \(constant("[[1], [10], [100]]"))]", "{}", [1, 2, 30, 40, 500, 600], [1, 3, 2]),
        ("Divide", "[\(constant("[60, 60]")), \(x)]", "{}", [60, 30, 20, 15, 12, 10], [1, 3, 2]),
        ("Maximum", "[\(x), 3]", "{}", [3, 3, 3, 4, 5, 6], [1, 3, 2]),
        ("Power", "[\(x), 2.0]", "{}", [1, 4, 9, 16, 25, 36], [1, 3, 2]),
        ("Greater", "[\(x), \(constant("[2, 4]"))]", "{}", [0, 0, 1, 0, 1, 1], [1, 3, 2]),
        ("Where", "[\(constant("[[1], [0], [1]]", type: "bool")), \(x), 0.0]", "{}", [1, 2, 0, 0, 5, 6], [1, 3, 2]),
        (
            "Concatenate", "[[\(x), \(constant("[[[7], [8], [9]]]"))]]", #"{"axis": -1}"#,
            [1, 2, 7, 3, 4, 8, 5, 6, 9], [1, 3, 3]
        ),
        ("Concatenate", "[[\(constant("[[[7, 8]]]")), \(x)]]", #"{"axis": 1}"#, [7, 8, 1, 2, 3, 4, 5, 6], [1, 4, 2]),
        ("Take", "[\(x), \(constant("[2, 0]", type: "int32"))]", #"{"axis": 1}"#, [5, 6, 1, 2], [1, 2, 2]),
        ("Tril", "[\(x)]", #"{"k": 0}"#, [1, 0, 3, 4, 5, 6], [1, 3, 2]),
        ("Flip", "[\(x)]", #"{"axis": 1}"#, [5, 6, 3, 4, 1, 2], [1, 3, 2]),
        ("Roll", "[\(x)]", #"{"shift": 1, "axis": 1}"#, [5, 6, 1, 2, 3, 4], [1, 3, 2]),
        ("Swapaxes", "[\(x)]", #"{"axis1": 1, "axis2": -1}"#, [1, 3, 5, 2, 4, 6], [1, 2, 3]),
        ("Clip", "[\(x)]", #"{"x_min": 2, "x_max": 4}"#, [2, 2, 3, 4, 4, 4], [1, 3, 2]),
        ("Sum", "[\(x)]", #"{"axis": -1, "keepdims": false}"#, [3, 7, 11], [1, 3]),
        ("Min", "[\(x)]", #"{"axis": 1, "keepdims": true}"#, [1, 2], [1, 1, 2]),
    ]

    @Test("an operation with constants gives what NumPy's broadcasting gives", arguments: operations)
    func arithmetic(_ name: String, _ arguments: String, _ config: String, _ values: [Float], _ shape: [Int]) throws {
        let y = try result(of: name, arguments, config)
        #expect(y.floats == values)
        #expect(y.shape == Shape(shape))
    }

    @Test("a part with a step takes every second row, the first included")
    func steps() throws {
        let key =
            #"[{"class_name": "__slice__", "config": {"start": null, "stop": null, "step": null}}, "#
            + #"{"class_name": "__slice__", "config": {"start": null, "stop": null, "step": 2}}]"#
        let y = try result(of: "GetItem", "[\(Self.x), \(key)]")
        #expect(y.floats == [1, 2, 5, 6])
        #expect(y.shape == [1, 2, 2])
    }

    @Test("an axis of unknown length has as many rows as the constant that is added to it")
    func unknownLength() throws {
        let y = try result(of: "Add", "[\(Self.x), \(Self.constant("[[1, 1], [1, 1], [1, 1]]"))]", shape: [nil, 2])
        #expect(y.floats == [2, 3, 4, 5, 6, 7])
    }

    @Test("a constant that differs between the sequences of a batch is refused")
    func batchConstant() {
        let error = #expect(throws: FileError.self) {
            try result(of: "Add", "[\(Self.x), \(Self.constant("[[[1, 1]], [[2, 2]]]"))]")
        }
        #expect(error?.kind == .unsupported)
        #expect(error?.problems.first?.contains("differs from one sequence of a batch to the next") == true)
    }

    @Test("numbers of a floating-point input that an embedding looks up are ids")
    func floatIDs() throws {
        var sketch = Sketch()
        sketch.input("words", [3])
        try sketch.layer("y", "Embedding", #"{"input_dim": 4, "output_dim": 1}"#, ["words"])
        let model = try model(
            sketch.model(outputs: ["y"]), [stored("layers/embedding/vars/0", [4, 1], [10, 11, 12, 13])])
        let y = try #require(try run(model, ["words": Tensor([3, 0, 2], shape: [1, 3])])["output"])
        #expect(y.floats == [13, 10, 12])
        #expect(model.graph.inputLayouts["words"]?.content == .ids)
    }

    @Test("numbers in bins, and categories as flags, go on into other layers")
    func bins() throws {
        var sketch = Sketch()
        sketch.input("x", [3, 1])
        try sketch.layer("bins", "Discretization", #"{"bin_boundaries": [1, 4], "output_mode": "int"}"#, ["x"])
        try sketch.layer("y", "Embedding", #"{"input_dim": 3, "output_dim": 2}"#, ["bins"])
        let model = try model(
            sketch.model(outputs: ["y"]), [stored("layers/embedding/vars/0", [3, 2], [0, 1, 10, 11, 20, 21])])
        // A boundary belongs to the bin above it.
        let y = try #require(try run(model, ["x": Tensor([0.5, 1, 9], shape: [1, 3, 1])])["output"])
        #expect(y.floats == [0, 1, 10, 11, 20, 21])
    }

    @Test("a picture of four pixels is resized as TensorFlow does it, half pixels apart")
    func resizing() throws {
        var sketch = Sketch()
        sketch.input("x", [2, 2, 1])
        try sketch.layer("y", "Resizing", #"{"height": 2, "width": 4, "interpolation": "bilinear"}"#, ["x"])
        let y = try #require(
            try run(model(sketch.model(outputs: ["y"])), ["x": Tensor([0, 4, 8, 12], shape: [1, 2, 2, 1])])["output"])
        #expect(y.shape == [1, 2, 4, 1])
        #expect(y.floats == [0, 1, 3, 4, 8, 9, 11, 12])
    }

    @Test("a normalization over rows takes its mean from the configuration")
    func normalization() throws {
        var sketch = Sketch()
        sketch.input("x", [3, 2])
        try sketch.layer(
            "y", "Normalization", #"{"axis": [1], "mean": [1, 2, 3], "variance": [1, 4, 0.25]}"#, ["x"])
        let y = try #require(try run(model(sketch.model(outputs: ["y"])), ["x": series])["output"])
        #expect(y.floats == [0, 1, 0.5, 1, 4, 6])
    }

    @Test("a result keeps every axis of the framework's tensor")
    func keptAxes() throws {
        var sketch = Sketch()
        sketch.input("x", [3, 2])
        try sketch.layer("mean", "GlobalAveragePooling1D", "{}", ["x"])
        try sketch.layer("y", "Reshape", #"{"target_shape": [2, 1, 1]}"#, ["mean"])
        let y = try #require(try run(model(sketch.model(outputs: ["y"])), ["x": series])["output"])
        #expect(y.shape == [1, 2, 1, 1])
        #expect(y.floats == [3, 4])
    }
}
