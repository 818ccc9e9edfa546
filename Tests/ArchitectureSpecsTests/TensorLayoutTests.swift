import ArchitectureSpecs
import Tensors
import Testing

@Suite("Layouts of stored tensors")
struct TensorLayoutTests {
    @Test("axes stored in another order move the elements, neighbours are taken together")
    func axes() throws {
        // [heads, in, size] → [in, heads · size], as Gemma's projections are stored.
        let stored = Tensor((0..<24).map(Float.init), shape: [2, 3, 4])
        let layout = TensorLayout(axes: [1, 0, 2])
        let parameter = try #require(layout.parameter(from: stored, shape: [3, 8]))
        #expect(
            parameter.floats == [0, 1, 2, 3, 12, 13, 14, 15, 4, 5, 6, 7, 16, 17, 18, 19, 8, 9, 10, 11, 20, 21, 22, 23])
        // [out, in, height, width] → [height · width · in, out], as PyTorch stores convolutions.
        let kernel = Tensor((0..<24).map(Float.init), shape: [2, 3, 2, 2])
        let patches = TensorLayout(axes: [2, 3, 1, 0])
        let matrix = try #require(patches.parameter(from: kernel, shape: [12, 2]))
        #expect(matrix.floats.prefix(6) == [0, 12, 4, 16, 8, 20])
        #expect(layout.parameter(from: stored, shape: [8, 3]) == nil)
        #expect(TensorLayout(axes: [0, 0, 1]).parameter(from: stored, shape: [3, 8]) == nil)
    }

    @Test("fused projections are cut where the heads say")
    func fused() throws {
        // [heads · 3 · size, in], a query, key and value of each head in turn, as BLOOM's are stored in PyTorch.
        let stored = Tensor((0..<24).map(Float.init), shape: [12, 2])
        let key = TensorLayout(view: [2, 3, 2, 2], part: .init(index: 1, of: 3, axis: 1), axes: [3, 0, 1, 2])
        #expect(key.parameter(from: stored, shape: [2, 4])?.floats == [4, 6, 16, 18, 5, 7, 17, 19])
        // Four heads of queries, one of keys, one of values, one below the other.
        let queries = TensorLayout(.transpose, part: .init(index: 0, of: 6, count: 4, axis: 0))
        #expect(queries.parameter(from: stored, shape: [2, 8])?.floats.prefix(8) == [0, 2, 4, 6, 8, 10, 12, 14])
        #expect(queries.storedShape(of: [2, 8]) == [12, 2])
        let values = TensorLayout(.transpose, part: .init(index: 5, of: 6, axis: 0))
        #expect(values.parameter(from: stored, shape: [2, 2])?.floats == [20, 22, 21, 23])
        #expect(TensorLayout(view: [5, 5]).parameter(from: stored, shape: [5, 5]) == nil)
        let beyond = TensorLayout(part: .init(index: 3, of: 6, count: 4, axis: 0))
        #expect(beyond.parameter(from: stored, shape: [8, 2]) == nil)
    }

    @Test("taking axes together never turns a matrix around")
    func merging() {
        let stored = Tensor((0..<24).map(Float.init), shape: [4, 6])
        let layout = TensorLayout(.reshape)
        #expect(layout.parameter(from: stored, shape: [6, 4]) == nil)
        #expect(layout.parameter(from: stored, shape: [4, 6]) != nil)
        #expect(layout.parameter(from: Tensor((0..<24).map(Float.init), shape: [4, 2, 3]), shape: [4, 6]) != nil)
        #expect(layout.parameter(from: Tensor([0, 1, 2], shape: [1, 3]), shape: [3]) != nil)
    }
}
