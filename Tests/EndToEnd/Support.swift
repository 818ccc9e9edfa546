import Checkpoints
import Inputs
import ModelGraph
import Outputs
import Runtime
import Tensors
import TestSupport

/// The model as a file gives it back.
func writtenAndRead(_ model: Model) throws -> Model {
    try withTemporaryFolder { folder in
        let path = "\(folder)/model.reuse.h5"
        try Checkpoint.write(model, to: path, compression: .none, toolVersion: "test") { _ in }
        return try Checkpoint.load(path: path)
    }
}

/// Results of a model by name.
func results(of model: Model, for inputs: [String: Tensor]) throws -> [String: Tensor] {
    let sequences = try GraphArrays.sequences(from: inputs, for: model.graph)
    let outputs = try PaddedOutputs(of: model, for: sequences, selecting: .all, resources: .init(threads: 1))
    return Dictionary(outputs.arrays.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
}

/// Arrays of a reference whose names start with `in.`, by the rest of their names.
func inputs(of reference: [String: Tensor]) -> [String: Tensor] {
    var inputs: [String: Tensor] = [:]
    for (name, tensor) in reference where name.hasPrefix("in.") { inputs[String(name.dropFirst(3))] = tensor }
    return inputs
}
