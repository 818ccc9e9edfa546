import Checkpoints
import Files
import Foundation
import ModelGraph
import Platform
import Tensors
import TestSupport
import Testing

@Suite("Files with matrices of fewer bits")
struct PrecisionFileTests {
    /// The small BERT with an 8-bit matrix whose scales are the given ones.
    private func model(scale: (Int) -> Float = { 0.01 * Float($0 + 1) }) throws -> Model {
        var model = try Checkpoint.load(path: "\(fixtures)/bert")
        let node = try #require(model.graph.nodes.first { $0.name.hasSuffix("/up") || $0.name.hasSuffix("up") })
        let id = node.parameterID("weight")
        let shape = try #require(model.tensors[id]?.shape)
        let storage = TensorStorage(byteCount: shape.count) { target in
            for index in target.indices { target[index] = UInt8(truncatingIfNeeded: index * 7) }
        }
        model.tensors[id] = Tensor(dtype: .int8, shape: shape, storage: storage)
        model.tensors[ParameterID(node: node.name, name: "weight_scale")] =
            Tensor((0..<shape[1]).map(scale), shape: [shape[1]])
        model.graph = try model.graph.changed { graph in
            for index in graph.nodes.indices where graph.nodes[index].name == node.name {
                graph.nodes[index].precisions["weight"] = Precision(.int8)
            }
        }
        return model
    }

    private func write(_ model: Model, _ folder: Scratch) throws -> String {
        let path = "\(folder.path)/model.reuse.h5"
        try Checkpoint.write(model, to: path, compression: .none, toolVersion: "0.1.0")
        return path
    }

    private func version(of path: String) throws -> UInt8 { try Data(contentsOf: URL(fileURLWithPath: path))[8] }

    @Test("values and scales are read back bit for bit, from a file of version 2; without them it is version 1")
    func roundTrip() throws {
        let scratch = Scratch()
        let model = try model()
        let path = try write(model, scratch)
        #expect(try version(of: path) == 2)
        let read = try Checkpoint.load(path: path)
        #expect(read.graph == model.graph)
        for (id, tensor) in read.tensors { #expect(model.tensors[id]?.hasSameBytes(as: tensor) == true, "\(id)") }
        #expect(try version(of: write(Checkpoint.load(path: "\(fixtures)/bert"), scratch)) == 1)
    }

    @Test("a flipped bit in a scale is found")
    func flipped() throws {
        let scratch = Scratch()
        let model = try model()
        let path = try write(model, scratch)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let scale = try #require(model.tensors.first { $0.key.name == "weight_scale" }).value
        let wanted = scale.withUnsafeBytes { Data($0) }
        let place = try #require(bytes.range(of: wanted)).lowerBound + 5
        bytes[place] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: FileError.self) { try Checkpoint.load(path: path) }
        #expect(error?.kind == .corrupt)
    }

    @Test("scales that are no numbers or zero are refused, though their digest is right", arguments: [Float.nan, 0])
    func scales(_ bad: Float) throws {
        let scratch = Scratch()
        let path = try write(try model { $0 == 3 ? bad : 1 }, scratch)
        let error = #expect(throws: FileError.self) { try Checkpoint.load(path: path) }
        #expect(error?.kind == .corrupt)
        #expect(error?.description.contains("weight_scale: element 3") == true)
    }
}
