import Tensors
import Testing

@Suite("Parts cut out of tensors")
struct SelectionTests {
    /// Elements 0, 1, 2, … in float16 or float32; all exact below 2048.
    private static func counting(_ dtype: DType, _ shape: Shape) throws -> Tensor {
        let storage = TensorStorage(byteCount: shape.count * dtype.byteCount) { bytes in
            for index in 0..<shape.count {
                let number = Float(index % 2048)
                if dtype == .float32 {
                    bytes.storeBytes(of: number, toByteOffset: index * 4, as: Float.self)
                } else {
                    // Half of the exponent's range: 11 bits of fraction hold every whole number below 2048.
                    bytes.storeBytes(of: half(of: number), toByteOffset: index * 2, as: UInt16.self)
                }
            }
        }
        return try #require(Tensor(dtype: dtype, shape: shape, storage: storage))
    }

    private static func half(of number: Float) -> UInt16 {
        guard number > 0 else { return 0 }
        let bits = number.bitPattern
        return UInt16((bits >> 23) - 112) << 10 | UInt16(bits >> 13 & 0x3FF)
    }

    @Test("columns are taken in blocks and in order, in the stored type", arguments: [DType.float16, .float32])
    func columns(dtype: DType) throws {
        let matrix = try Self.counting(dtype, [3, 6])
        let cut = try #require(matrix.selectingColumns(blocks: [2, 0], width: 2))
        #expect(cut.dtype == dtype && cut.shape == [3, 4])
        #expect(cut.floats == [4, 5, 0, 1, 10, 11, 6, 7, 16, 17, 12, 13])
        let vector = try Self.counting(dtype, [6])
        #expect(vector.selectingColumns(blocks: [1], width: 2)?.floats == [2, 3])
    }

    @Test("rows are taken in blocks, and scaled in float32", arguments: [DType.float16, .float32])
    func rows(dtype: DType) throws {
        let matrix = try Self.counting(dtype, [4, 3])
        let cut = try #require(matrix.selectingRows(blocks: [1], height: 2))
        #expect(cut.dtype == dtype && cut.shape == [2, 3] && cut.floats == [6, 7, 8, 9, 10, 11])
        let scaled = try #require(matrix.scalingRows(blocks: [(1, 0.5), (0, 2)], height: 2))
        #expect(scaled.dtype == .float32 && scaled.floats == [3, 3.5, 4, 4.5, 5, 5.5, 0, 2, 4, 6, 8, 10])
    }

    @Test("blocks outside of a tensor cannot be cut out")
    func outside() throws {
        let matrix = try Self.counting(.float32, [4, 6])
        #expect(matrix.selectingColumns(blocks: [3], width: 2) == nil)
        #expect(matrix.selectingColumns(blocks: [-1], width: 2) == nil)
        #expect(matrix.selectingRows(blocks: [2], height: 2) == nil)
        #expect(try Self.counting(.float32, [4]).selectingRows(blocks: [0], height: 2) == nil)
    }

    @Test("a cut too large to be kept gives the same elements whenever it is looked at", arguments: 0..<3)
    func computed(_: Int) throws {
        let matrix = try Self.counting(.float32, [2048, 1024])
        let cut = try #require(matrix.selectingColumns(blocks: [3, 1], width: 256))
        #expect(cut.byteCount == 4 << 20)
        var expected: [Float] = []
        for row in 0..<2048 {
            for block in [3, 1] {
                for column in 0..<256 { expected.append(Float((row * 1024 + block * 256 + column) % 2048)) }
            }
        }
        #expect(cut.floats == expected)
        #expect(cut.float32().floats == expected)
        #expect(cut.hasSameBytes(as: Tensor(expected, shape: [2048, 512])))
    }

    @Test("tensors are the same when type, shape and bytes are")
    func comparison() {
        let tensor = Tensor([1, 2], shape: [2])
        #expect(tensor.hasSameBytes(as: Tensor([1, 2], shape: [2])))
        #expect(!tensor.hasSameBytes(as: Tensor([1, 3], shape: [2])))
        #expect(!tensor.hasSameBytes(as: Tensor([1, 2], shape: [2, 1])))
        #expect(Tensor([], shape: [0]).hasSameBytes(as: Tensor([], shape: [0])))
        // Zero has two signs, which are equal numbers and different bytes.
        #expect(!Tensor([0], shape: [1]).hasSameBytes(as: Tensor([-0.0], shape: [1])))
    }
}
