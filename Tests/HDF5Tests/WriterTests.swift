import Platform
import TestSupport
import Foundation
import HDF5
import Tensors
import Testing

@Suite("Writing")
struct WriterTests {
    /// A tensor whose bytes are a simple function of their index; booleans stay 0 or 1.
    private static func sample(_ dtype: DType, _ shape: Shape) throws -> Tensor {
        let bytes = (0..<(shape.count * dtype.byteCount)).map { (index: Int) -> UInt8 in
            dtype == .bool ? UInt8(index % 2) : UInt8(truncatingIfNeeded: index * 37 + index / 256)
        }
        return try Tensor(dtype, shape, bytes: bytes)
    }

    private static func write(
        _ tensors: [(String, Tensor)], _ compression: HDF5Compression, to path: String, userBlock: Int = 0
    ) throws {
        var writer = try HDF5Writer(path: path, userBlockByteCount: userBlock)
        try writer.setAttribute("format", to: "größe")
        try writer.setAttribute("format_version", to: 1)
        for (name, tensor) in tensors { try writer.write(tensor, at: name, compression: compression) }
        try writer.write(bytes: Array("{}".utf8), at: "/manifest", compression: compression)
        try writer.close()
    }

    @Test(
        "tensors of every type and shape come back as they were written, compressed or not",
        arguments: [HDF5Compression.none, .zstd(level: 3)], [[], [0, 3], [1], [7, 5], [2, 700, 200]] as [Shape])
    func roundTrip(compression: HDF5Compression, shape: Shape) throws {
        let tensors = try DType.allCases.map { ("/tensors/node/\($0)", try Self.sample($0, shape)) }
        try withTemporaryFolder { folder in
            let path = folder + "/out.h5"
            try Self.write(tensors, compression, to: path)
            let file = try HDF5File.open(path: path)
            for (name, tensor) in tensors {
                let read = try file.dataset(at: name).tensor()
                #expect(read.dtype == tensor.dtype)
                #expect(read.shape == tensor.shape)
                #expect(read.digest == tensor.digest)
            }
            #expect(file.root.attribute(named: "format")?.text == "größe")
            #expect(file.root.attribute(named: "format_version")?.value == .integers([1]))
            #expect(try file.dataset(at: "manifest").tensor().bytes == Array("{}".utf8))
        }
    }

    @Test("the same calls write the same HDF5 file", arguments: [HDF5Compression.none, .zstd(level: 9)])
    func determinism(compression: HDF5Compression) throws {
        let tensors = [("/a/b", try Self.sample(.float32, [500, 1000])), ("/a/c", try Self.sample(.bfloat16, [9]))]
        try withTemporaryFolder { folder in
            try Self.write(tensors, compression, to: folder + "/1.h5", userBlock: 512)
            // Object headers with time stamps would differ from second to second.
            Thread.sleep(forTimeInterval: 1.1)
            try Self.write(tensors, compression, to: folder + "/2.h5", userBlock: 512)
            let files = try ["1", "2"].map { try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0).h5")) }
            #expect(files[0] == files[1])
            #expect(files[0].prefix(512).allSatisfy { $0 == 0 })
        }
    }

    @Test("an uncompressed tensor of some size is mapped when read back")
    func alignment() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/out.h5"
            let tensors = try (0..<4).map { ("/t\($0)", try Self.sample(.float32, [100 + $0, 3])) }
            try Self.write(tensors, .none, to: path, userBlock: 512)
            let file = try HDF5File.open(path: path)
            for (name, _) in tensors { #expect(try file.dataset(at: name).isMappable) }
        }
    }

    @Test("zstd makes a repetitive tensor small")
    func compression() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/out.h5"
            try Self.write(
                [("/zeros", Tensor([Float](repeating: 0, count: 4 << 20), shape: [4 << 20]))], .zstd(level: 3), to: path
            )
            let dataset = try HDF5File.open(path: path).dataset(at: "zeros")
            #expect(dataset.storedByteCount < 16_384 && dataset.filterNames == ["shuffle", "zstd"])
            #expect(try dataset.tensor().floats.allSatisfy { $0 == 0 })
        }
    }

    @Test("a name that is taken, an impossible user block and a missing folder are errors of writing")
    func failures() throws {
        try withTemporaryFolder { folder in
            var writer = try HDF5Writer(path: folder + "/out.h5")
            try writer.write(Tensor([1], shape: [1]), at: "/a")
            #expect(throws: FileError.self) { try writer.write(Tensor([1], shape: [1]), at: "/a") }
            #expect(throws: FileError.self) { _ = try HDF5Writer(path: folder + "/x.h5", userBlockByteCount: 100) }
            #expect(throws: FileError.self) { _ = try HDF5Writer(path: folder + "/no/x.h5") }
        }
    }
}
