import Platform
import TestSupport
import Foundation
import HDF5
import Tensors
import Testing

/// What h5py, which wrote the fixtures, says is in them.
struct Expectation: Sendable, CustomStringConvertible {
    let file: String
    let object: String
    let dtype: DType
    let shape: Shape
    let digest: String

    var description: String { file + object }

    static let all: [Expectation] = {
        let table = (try? String(contentsOfFile: fixture("expected.tsv"), encoding: .utf8)) ?? ""
        return table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: "\t").map(String.init)
            guard fields.count == 5, let dtype = DType(rawValue: fields[2]) else { return nil }
            let extents = fields[3] == "scalar" ? [] : fields[3].split(separator: "x").compactMap { Int($0) }
            return Expectation(
                file: fields[0], object: fields[1], dtype: dtype, shape: Shape(extents), digest: fields[4])
        }
    }()
}

@Suite("Reading")
struct ReadingTests {
    @Test("the table of expected values is complete")
    func expectations() {
        #expect(Expectation.all.count >= 45)
        #expect(Set(Expectation.all.map(\.dtype)) == Set(DType.allCases))
    }

    @Test("every type, layout and filter is read as h5py wrote it", arguments: Expectation.all)
    func values(_ expected: Expectation) throws {
        let tensor = try HDF5File.open(path: fixture(expected.file)).dataset(at: expected.object).tensor()
        #expect(tensor.dtype == expected.dtype)
        #expect(tensor.shape == expected.shape)
        #expect(tensor.digest.hex == expected.digest)
    }

    @Test("contiguous little-endian numbers are views of the mapped file")
    func mapping() throws {
        let file = try HDF5File.open(path: fixture("layouts.h5"))
        let first = try file.dataset(at: "contiguous").tensor(), second = try file.dataset(at: "contiguous").tensor()
        #expect(first.storage === second.storage)
        #expect(first.storage.byteCount == file.byteCount)
        #expect(try file.dataset(at: "chunked").isMappable == false)
        #expect(try file.dataset(at: "chunked").tensor().bytes == first.bytes)
    }

    @Test("a tensor outlives the file that it was read from")
    func lifetime() throws {
        func read() throws -> Tensor {
            try HDF5File.open(path: fixture("layouts.h5")).dataset(at: "contiguous").tensor()
        }
        #expect(try read().floats.prefix(3) == [-2, -1.875, -1.75])
    }

    @Test("a file behind a user block gives the same values, and its user block")
    func userBlock() throws {
        let file = try HDF5File.open(path: fixture("newer.h5"))
        #expect(file.userBlockByteCount == 512)
        #expect(String(decoding: file.userBlock.prefix(12), as: UTF8.self) == "a user block")
    }

    @Test("an HDF5 file inside another file is read in place")
    func region() throws {
        let inner = try Data(contentsOf: URL(fileURLWithPath: fixture("userblock.h5")))
        try withTemporaryFolder { folder in
            let path = folder + "/archive"
            try (Data(repeating: 7, count: 1001) + inner + Data(repeating: 9, count: 50)).write(
                to: URL(fileURLWithPath: path))
            let file = try HDF5File.open(path: path, region: 1001..<(1001 + inner.count))
            for expected in Expectation.all where expected.file == "userblock.h5" {
                #expect(try file.dataset(at: expected.object).tensor().digest.hex == expected.digest)
            }
        }
    }

    @Test("values that were never written are fill values, and known as such")
    func fillValues() throws {
        let file = try HDF5File.open(path: fixture("layouts.h5"))
        #expect(try file.dataset(at: "unwritten").hasUnwrittenElements)
        #expect(try file.dataset(at: "partly").hasUnwrittenElements)
        #expect(try file.dataset(at: "chunked").hasUnwrittenElements == false)
        #expect(try file.dataset(at: "null").shape == nil)
    }

    @Test(
        "a dataset that is no tensor says what it is instead", arguments: [("texts", "string"), ("record", "compound")])
    func otherTypes(name: String, type: String) throws {
        let dataset = try HDF5File.open(path: fixture("types.h5")).dataset(at: name)
        #expect(dataset.dtype == nil)
        let error = #expect(throws: FileError.self) { try dataset.tensor() }
        #expect(error == .unsupported(HDF5Location(file: fixture("types.h5"), object: "/" + name), .datatype(type)))
        #expect(error?.kind == .unsupported)
    }

    @Test("a dataset of texts gives them")
    func texts() throws {
        #expect(try HDF5File.open(path: fixture("types.h5")).dataset(at: "texts").texts == ["one", "two"])
    }

    @Test("an unknown filter is named by number and name, and only where it is needed")
    func unknownFilter() throws {
        let file = try HDF5File.open(path: fixture("filters.h5"))
        let error = #expect(throws: FileError.self) { try file.dataset(at: "lz4").tensor() }
        #expect(error?.description.contains("compressed by filter 32004 (HDF5 lz4") == true)
        #expect(error?.kind == .unsupported)
    }
}
