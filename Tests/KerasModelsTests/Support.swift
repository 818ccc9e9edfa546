import ArchitectureSpecs
import Checkpoints
import Foundation
import Inputs
import JSON
import KerasModels
import ModelGraph
import Platform
import Runtime
import Tensors
import TestSupport
import Testing
import WeightFiles

/// The repository's `fixtures/keras`.
let fixtures = Fixtures.path("keras")

/// A file that goes away with the value.
final class ScratchFile {
    let path: String

    init(_ contents: String, suffix: String = ".json") throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("keras-\(UUID().uuidString)\(suffix)").path
        try Data(contents.utf8).write(to: URL(fileURLWithPath: path))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A JSON text as a value.
func json(_ text: String) throws -> JSONValue { try Document.decode(JSONValue.self, from: Array(text.utf8)) }

/// A stored tensor of numbers that a test makes up.
func stored(_ name: String, _ shape: Shape, _ values: [Float]) -> SourceTensor {
    let tensor = Tensor(values, shape: shape)
    return SourceTensor(
        name: name, file: "test", path: "/" + name, dtype: .float32, shape: shape, storedByteCount: values.count * 4
    ) { () throws(FileError) in tensor }
}

/// A stored tensor of bytes.
func stored(_ name: String, _ shape: Shape, bytes: [Int8]) -> SourceTensor {
    let storage = TensorStorage(byteCount: bytes.count) { target in
        target.copyBytes(from: bytes.map { UInt8(bitPattern: $0) })
    }
    return SourceTensor(
        name: name, file: "test", path: "/" + name, dtype: .int8, shape: shape, storedByteCount: bytes.count
    ) { () throws(FileError) in
        guard let tensor = Tensor(dtype: .int8, shape: shape, storage: storage) else {
            throw FileError(.defect, path: "test", "bytes that do not fill \(shape)")
        }
        return tensor
    }
}

/// A model from its configuration and numbers named `layers/dense/vars/0`.
func model(
    _ config: JSONValue, _ weights: [SourceTensor] = [], generation: KerasGeneration = .keras3,
    custom: [CustomLayer] = []
) throws -> Model {
    let graph = try KerasGraph(
        config, generation: generation, weights: .objects(ObjectWeights(weights, names: [:])),
        registry: KerasLayerRegistry(custom: custom), path: "test")
    let binding = TensorBinder(graph.places, catalog: TensorCatalog(weights)).bind(graph.graph)
    try #require(binding.problems.isEmpty, "\(binding.problems)")
    var tensors: [ParameterID: Tensor] = [:]
    for parameter in binding.parameters {
        guard let tensor = try parameter.read() else {
            throw FileError(.corrupt, path: "test", "\(parameter.id) makes no sense")
        }
        tensors[parameter.id] = tensor
    }
    let model = Model(
        graph: try graph.graph.checked(), tensors: tensors,
        provenance: .init(files: [], dialect: "keras3", architecture: "keras-functional"))
    try model.validate()
    return model
}

/// Results of a model by name.
func run(_ model: Model, _ inputs: [String: Tensor]) throws -> [String: Tensor] {
    let sequences = try GraphArrays.sequences(from: inputs, for: model.graph)
    let outputs = try PaddedOutputs(of: model, for: sequences, selecting: .all, resources: .init(threads: 1))
    return Dictionary(outputs.arrays.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
}

/// A functional Keras 3 configuration, shorter to write: `name class {config} <- inputs`.
struct Sketch {
    private(set) var layers: [JSONValue] = []

    /// - Parameter shape: Extents behind the batch; `nil` for any length.
    mutating func input(_ name: String, _ shape: [Int?], type: String = "float32") {
        let extents = [JSONValue.null] + shape.map { $0.map(JSONValue.integer) ?? .null }
        layers.append(
            .object([
                "class_name": .string("InputLayer"), "name": .string(name), "inbound_nodes": .array([]),
                "config": .object(["name": .string(name), "batch_shape": .array(extents), "dtype": .string(type)]),
            ]))
    }

    /// - Parameters:
    ///   - inputs: Names of layers; one argument each, or one list of all.
    ///   - result: Which result of those layers is read.
    mutating func layer(
        _ name: String, _ className: String, _ config: String = "{}", _ inputs: [String], asList: Bool = false,
        keywords: [String: JSONValue] = [:], result: Int = 0, module: String = "keras.layers"
    ) throws {
        let tensors = inputs.map { Self.tensor($0, result: result) }
        var members = try json(config).objectValue ?? [:]
        members["name"] = .string(name)
        layers.append(
            .object([
                "module": .string(module), "class_name": .string(className), "name": .string(name),
                "config": .object(members),
                "inbound_nodes": .array([
                    .object([
                        "args": .array(asList ? [.array(tensors)] : tensors), "kwargs": .object(keywords),
                    ])
                ]),
            ]))
    }

    static func tensor(_ layer: String, result: Int = 0) -> JSONValue {
        .object([
            "class_name": .string("__keras_tensor__"),
            "config": .object(["keras_history": .array([.string(layer), .integer(0), .integer(result)])]),
        ])
    }

    func model(outputs: [String]) -> JSONValue {
        func references(_ names: [String]) -> JSONValue {
            .array(names.map { .array([.string($0), .integer(0), .integer(0)]) })
        }
        let inputs = layers.filter { $0["class_name"] == .string("InputLayer") }.compactMap { $0["name"]?.stringValue }
        return .object([
            "class_name": .string("Functional"),
            "config": .object([
                "name": .string("sketch"), "layers": .array(layers), "input_layers": references(inputs),
                "output_layers": references(outputs),
            ]),
        ])
    }
}

/// The largest difference of two tensors' elements; infinite where their shapes differ.
func difference(_ left: Tensor?, _ right: Tensor) -> Float {
    guard let left, left.shape == right.shape else { return .infinity }
    return zip(left.floats, right.floats).map { abs($0 - $1) }.max() ?? 0
}
