import Inputs
import Platform
import Tensors
import Testing

@Suite("Arrays as token sequences")
struct TokenArraysTests {
    private static func tensor(_ extents: [Int]) throws -> Tensor {
        let shape = Shape(extents)
        let storage = TensorStorage(byteCount: shape.count * 4) { _ in }
        return try #require(Tensor(dtype: .int32, shape: shape, storage: storage))
    }

    @Test("each row of an array of tokens is a sequence")
    func rows() throws {
        let sequences = try TokenArrays.sequences(from: ["input_ids": try Self.tensor([3, 5])])
        #expect(sequences.map(\.ids.count) == [5, 5, 5])
    }

    @Test(
        "an array without elements is refused, however many rows it claims",
        arguments: [[0, 5], [3, 0], [1 << 56, 0], [0, 1 << 56]])
    func empty(extents: [Int]) throws {
        let ids = try Self.tensor(extents)
        let error = #expect(throws: FileError.self) { try TokenArrays.sequences(from: ["input_ids": ids]) }
        #expect(error?.path == "input_ids")
    }
}
