import ArchitectureSpecs
import Inputs
import JSON
import KerasFiles
import KerasModels
import ModelGraph
import Outputs
import Platform
import Runtime
import Tensors
import Testing
import TestSupport
import WeightFiles

/// A JSON text as a value.
func json(_ text: String) throws -> JSONValue { try Document.decode(JSONValue.self, from: Array(text.utf8)) }

/// A stored tensor of numbers that a test makes up.
func stored(_ name: String, _ shape: Shape, _ values: [Float]) -> StoredTensor {
    let tensor = Tensor(values, shape: shape)
    return StoredTensor(
        name: name, file: "test", path: "/" + name, dtype: .float32, shape: shape, storedByteCount: values.count * 4
    ) { () throws(FileError) in tensor }
}

/// A stored tensor of bytes.
func stored(_ name: String, _ shape: Shape, bytes: [Int8]) -> StoredTensor {
    let storage = TensorStorage(byteCount: bytes.count) { target in
        target.copyBytes(from: bytes.map { UInt8(bitPattern: $0) })
    }
    return StoredTensor(
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
    _ config: JSONValue, _ weights: [StoredTensor] = [], generation: KerasGeneration = .keras3,
    custom: [CustomLayer] = []
) throws -> Model {
    let graph = try KerasGraph(
        config, generation: generation, weights: .objects(ObjectWeights(weights, names: [:])),
        registry: KerasLayerRegistry(custom: custom), path: "test")
    let binding = TensorBinder(graph.parameterSources, catalog: TensorCatalog(weights)).bind(graph.graph)
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
