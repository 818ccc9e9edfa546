import Archives
import Files
import Foundation
import Inputs
import NumPy
import Platform
import Tensors
import TestSupport
import Testing

@Suite("NumPy files")
struct NumPyTests {
    private static func fixture(_ name: String) -> String { Repository.fixture("numpy/\(name)") }

    /// What NumPy, which wrote the fixtures, says is in them: file, array, type, shape, digest.
    private static let expected: [[String]] = {
        let table = (try? String(contentsOfFile: fixture("expected.tsv"), encoding: .utf8)) ?? ""
        return table.split(separator: "\n").dropFirst().map { $0.split(separator: "\t").map(String.init) }
    }()

    private static func withFolder<R>(_ body: (String) throws -> R) throws -> R {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("numpy-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try body(folder)
    }

    private static func sample(_ dtype: DType, _ shape: Shape) throws -> Tensor {
        let storage = TensorStorage(byteCount: shape.count * dtype.byteCount) { bytes in
            for index in bytes.indices { bytes[index] = dtype == .bool ? UInt8(index % 2) : UInt8(index * 7 % 251) }
        }
        return try #require(Tensor(dtype: dtype, shape: shape, storage: storage))
    }

    // MARK: Reading

    @Test("every array is read as NumPy wrote it, of either byte order and order of axes", arguments: expected)
    func values(row: [String]) throws {
        try #require(row.count == 5)
        let path = Self.fixture(row[0])
        let tensor = try row[1] == "-" ? NumPyArray.read(path: path) : NumPyArchive(path: path).tensor(named: row[1])
        #expect(tensor.dtype.rawValue == row[2])
        #expect(tensor.shape.extents == (row[3] == "scalar" ? [] : row[3].split(separator: "x").compactMap { Int($0) }))
        #expect(tensor.digest.hex == row[4])
    }

    @Test("an archive lists its arrays, and says which there are when one is missing")
    func names() throws {
        let archive = try NumPyArchive(path: Self.fixture("stored.npz"))
        #expect(archive.names.count == 19)
        #expect(try archive.tensors().count == 19)
        let error = #expect(throws: FileError.self) { try archive.tensor(named: "x") }
        #expect(error?.kind == .usage)
        #expect(error?.description.contains("columns_first") == true)
    }

    @Test(
        "broken, hostile and foreign files are refused with a reason",
        arguments: [
            ("objects.npy", .unsupported, "'|O'"), ("records.npy", .unsupported, "records"),
            ("shape_too_large.npy", .corrupt, "48 bytes for shape [3, 5]"),
            ("shape_overflow.npy", .corrupt, "impossible shape"), ("cut.npy", .corrupt, "47 bytes"),
            ("header_cut.npy", .corrupt, "header"), ("code.npy", .corrupt, "not what NumPy writes"),
            ("field_missing.npy", .corrupt, "lacks"), ("field_twice.npy", .corrupt, "not what NumPy writes"),
            ("flipped.npz", .corrupt, "checksum"), ("cut.npz", .corrupt, "cut short"),
            ("encrypted.npz", .unsupported, "encrypted"), ("twice.npz", .corrupt, "twice"),
            ("shared.npz", .corrupt, "overlap"), ("outside.npz", .corrupt, "beyond the end"),
            ("method.npz", .unsupported, "method 12"), ("expanding.npz", .corrupt, "2147483648"),
            ("bomb.npz", .corrupt, "16777392 bytes for shape [3, 4]"),
        ] as [(String, ErrorKind, String)])
    func refused(file: String, kind: ErrorKind, mentions: String) {
        let path = Self.fixture("hostile/" + file)
        let error = #expect(throws: FileError.self) {
            if file.hasSuffix(".npy") {
                _ = try NumPyArray.read(path: path)
            } else {
                _ = try NumPyArchive(path: path).tensors()
            }
        }
        #expect(error?.kind == kind)
        #expect(error?.description.contains(mentions) == true, "\(String(describing: error))")
        #expect(error?.description.hasPrefix(path) == true)
    }

    @Test("a missing file, an array taken for an archive and the reverse are told apart")
    func wrongFile() {
        #expect(throws: FileError(.inputOutput, path: "/no/such", "there is no such file; check the path")) {
            try NumPyArray.read(path: "/no/such")
        }
        let array = Self.fixture("array.npy"), archive = Self.fixture("stored.npz")
        #expect(throws: FileError(.corrupt, path: array, "not a zip archive")) { try NumPyArchive(path: array) }
        #expect(throws: FileError(.corrupt, path: archive, "not a .npy array")) { try NumPyArray.read(path: archive) }
    }

    // MARK: Writing

    @Test(
        "arrays of every type come back as they were, bfloat16 as the float32 of the same value",
        arguments: DType.allCases)
    func roundTrip(dtype: DType) throws {
        try Self.withFolder { folder in
            for shape in [[], [5], [0, 2], [3, 4, 5]] as [Shape] {
                let tensor = try Self.sample(dtype, shape)
                let wanted = dtype == .bfloat16 ? tensor.float32() : tensor
                try NumPyArray.write(tensor, to: folder + "/a.npy")
                var writer = try NumPyArchiveWriter(path: folder + "/a.npz")
                try writer.append(tensor, named: "x/größe:0")
                try writer.append(tensor, named: "y")
                try writer.close()
                let archive = try NumPyArchive(path: folder + "/a.npz")
                #expect(archive.names == ["x/größe:0", "y"])
                for read in [try NumPyArray.read(path: folder + "/a.npy"), try archive.tensor(named: "x/größe:0")] {
                    #expect(read.dtype == wanted.dtype)
                    #expect(read.shape == wanted.shape)
                    #expect(read.digest == wanted.digest)
                }
            }
        }
    }

    @Test("an archive has the bytes that NumPy writes for the same arrays")
    func sameBytes() throws {
        try Self.withFolder { folder in
            // Local headers differ (NumPy leaves room for zip64 sizes), arrays and their headers do not.
            try NumPyArray.write(try NumPyArray.read(path: Self.fixture("array.npy")), to: folder + "/a.npy")
            let files = [folder + "/a.npy", Self.fixture("array.npy")].map { FileManager.default.contents(atPath: $0) }
            #expect(files[0] == files[1])
        }
    }

    @Test("rows whose number becomes known at the end make one array")
    func rows() throws {
        try Self.withFolder { folder in
            let path = folder + "/rows.npy"
            var rows = try NumPyRowWriter(path: path, dtype: .float32, rowShape: [2])
            for count in [3, 0, 9] {
                try rows.append(Tensor([Float](repeating: Float(count), count: count * 2), shape: [count, 2]))
            }
            #expect(throws: FileError.self) { try rows.append(Tensor([1], shape: [1, 1])) }
            try rows.close()
            let read = try NumPyArray.read(path: path)
            #expect(read.shape == [12, 2])
            #expect(read.floats == [Float](repeating: 3, count: 6) + [Float](repeating: 9, count: 18))
        }
    }

    @Test("a name can be used once in an archive of arrays")
    func duplicateName() throws {
        try Self.withFolder { folder in
            var writer = try NumPyArchiveWriter(path: folder + "/a.npz")
            try writer.append(Tensor([1], shape: [1]), named: "a")
            #expect(throws: FileError.self) { try writer.append(Tensor([1], shape: [1]), named: "a") }
        }
    }

    @Test("members of any archive are found by name, stored or deflated")
    func member() throws {
        let stored = try ZipArchive(try MappedFile(path: Self.fixture("stored.npz")))
        let member = try #require(stored.directory.member(named: "scalar.npy"))
        #expect(try stored.contents(of: member).count == 132)
        #expect(stored.directory.member(named: "none") == nil)
        let deflated = try ZipArchive(try MappedFile(path: Self.fixture("deflated.npz")))
        let compressed = try #require(deflated.directory.member(named: "scalar.npy"))
        #expect(try deflated.contents(of: compressed).count == 132)
    }
}
