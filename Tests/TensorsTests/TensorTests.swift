import Tensors
import Testing

@Suite("Shapes")
struct ShapeTests {
    @Test(
        "a file's shape whose bytes cannot be counted is refused",
        arguments: [
            [-1], [3, -2], [Int.max], [Int.min], [1 << 32, 1 << 32], [1 << 31, 1 << 30],
            // An empty axis hides nothing.
            [0, 1 << 32, 1 << 32], [1 << 32, 0, 1 << 32],
        ])
    func refused(_ extents: [Int]) { #expect(Shape(checking: extents) == nil) }

    @Test(
        "any other shape is taken, with its number of elements",
        arguments: [([], 1), ([0], 0), ([5], 5), ([2, 0, 3], 0), ([2, 3, 4], 24), ([1 << 30, 1 << 29], 1 << 59)])
    func taken(_ extents: [Int], count: Int) throws {
        let shape = try #require(Shape(checking: extents))
        #expect(shape.count == count)
        #expect(shape.rank == extents.count)
        #expect(shape == Shape(extents))
    }
}

@Suite("Views of storage")
struct TensorTests {
    /// 16 bytes, 0…15.
    private let storage = TensorStorage(byteCount: 16) { bytes in
        for index in bytes.indices { bytes[index] = UInt8(index) }
    }

    @Test(
        "a view that reaches beyond its storage is refused",
        arguments: [
            ([5], 0), ([4], 1), ([2, 3], 0), ([1], 13), ([], 13), ([1], 17), ([0], 17), ([1], -1), ([1 << 58], 0),
        ] as [(Shape, Int)])
    func beyond(shape: Shape, offset: Int) {
        #expect(Tensor(dtype: .float32, shape: shape, storage: storage, byteOffset: offset) == nil)
    }

    @Test(
        "a view inside its storage holds the bytes there",
        arguments: [([4], 0), ([2, 2], 0), ([], 12), ([3], 2), ([0], 16), ([0, 7], 3)] as [(Shape, Int)])
    func inside(shape: Shape, offset: Int) throws {
        let view = try #require(Tensor(dtype: .float32, shape: shape, storage: storage, byteOffset: offset))
        let expected = (offset..<offset + shape.count * 4).map(UInt8.init)
        #expect(view.withUnsafeBytes { Array($0) } == expected)
        #expect(view.byteCount == expected.count)
    }

    @Test("aligned floats are handed out where they lie")
    func zeroCopy() throws {
        let tensor = Tensor([1, 2, 3, 4], shape: [2, 2])
        let stored = tensor.storage.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
        #expect(tensor.withFloats { UInt(bitPattern: $0.baseAddress) } == stored)
        #expect(tensor.float32().storage === tensor.storage)
        #expect(try #require(tensor.reshaped([4])).storage === tensor.storage)
    }

    @Test("floats at an odd address are copied to an even one", arguments: [1, 2, 3])
    func unaligned(offset: Int) throws {
        let values: [Float] = [1.5, -2.25]
        let storage = TensorStorage(byteCount: 8 + offset) { bytes in
            for (index, value) in values.enumerated() {
                bytes.storeBytes(of: value.bitPattern.littleEndian, toByteOffset: offset + index * 4, as: UInt32.self)
            }
        }
        let view = try #require(Tensor(dtype: .float32, shape: [2], storage: storage, byteOffset: offset))
        #expect(view.floats == values)
        #expect(view.float32().storage !== storage)
    }

    @Test("storage keeps its owner alive, and lets it go")
    func ownership() {
        final class Owner: Sendable {}
        weak var watched: Owner?
        do {
            let owner = Owner()
            watched = owner
            let storage = TensorStorage(unsafeBytes: UnsafeRawBufferPointer(start: nil, count: 0), owner: owner)
            #expect(storage.byteCount == 0)
            withExtendedLifetime(storage) { #expect(watched != nil) }
        }
        #expect(watched == nil)
    }

    @Test("memory of our own starts on a cache line and is zeroed")
    func allocation() {
        let storage = TensorStorage(byteCount: 100) { _ in }
        storage.withUnsafeBytes { bytes in
            #expect(UInt(bitPattern: bytes.baseAddress).isMultiple(of: 64))
            #expect(bytes.allSatisfy { $0 == 0 })
        }
    }

    @Test("an error while storage is filled is passed on")
    func failingFill() {
        struct Failure: Error {}
        #expect(throws: Failure.self) { try TensorStorage(byteCount: 8) { _ in throw Failure() } }
    }

    @Test("a tensor of another number of elements is no other shape of this one")
    func reshaped() {
        let tensor = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
        #expect(tensor.reshaped([3, 2])?.floats == [1, 2, 3, 4, 5, 6])
        #expect(tensor.reshaped([7]) == nil)
        #expect(tensor.reshaped([]) == nil)
    }

    @Test("every element type has its size", arguments: DType.allCases)
    func sizes(_ dtype: DType) {
        let bits = dtype.rawValue.filter(\.isNumber)
        #expect(dtype.byteCount == (Int(bits) ?? 8) / 8)
        #expect(dtype.isFloatingPoint == dtype.rawValue.contains("float"))
    }
}
