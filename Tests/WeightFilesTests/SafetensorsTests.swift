import Foundation
import Platform
import Tensors
import TestSupport
import Testing
import WeightFiles

@Suite("The safetensors format")
struct SafetensorsTests {
    private func write(_ header: String, data: Int, length: UInt64? = nil) throws -> (String, Scratch) {
        let scratch = Scratch()
        let path = scratch.path + "/x.safetensors"
        let count = length ?? UInt64(header.utf8.count)
        try (withUnsafeBytes(of: count.littleEndian) { Data($0) } + Data(header.utf8) + Data(count: data)).write(
            to: URL(fileURLWithPath: path))
        return (path, scratch)
    }

    @Test("a sound safetensors file gives its tensors in the order of their bytes")
    func sound() throws {
        let header =
            #"{"b":{"dtype":"F16","shape":[2],"data_offsets":[8,12]},"__metadata__":{"x":"y"},"#
            + #""a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}"#
        let (path, scratch) = try write(header, data: 12)
        let file = try withExtendedLifetime(scratch) { try SafetensorsFile(path: path) }
        #expect(file.entries.map(\.name) == ["a", "b"])
        #expect(file.entries.map(\.shape) == [[1, 2], [2]])
        let tensor = try #require(file.tensor(file.entries[1]))
        #expect(tensor.dtype == .float16)
        #expect(tensor.floats == [0, 0])
    }

    @Test(
        "a safetensors file that contradicts itself is refused, naming what is wrong",
        arguments: [
            (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#, 12, "leaves a gap"),
            (
                #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
                    + #""b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
                8, "overlaps"
            ),
            (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 12, "the tensors end"),
            (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 4, "the tensors end"),
            (#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, 8, "F32 [3] takes 12"),
            (#"{"a":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}}"#, 8, "has the type \"F31\""),
            (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, 8, "no shape"),
            (#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}"#, 8, "no shape"),
            (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, 8, "no data_offsets"),
            (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775807]}}"#, 8, "no data_offsets"),
            (#"[]"#, 0, "is no JSON object"),
            (#"{"a":"#, 0, "is not valid JSON"),
        ])
    func refused(_ header: String, _ data: Int, _ message: String) throws {
        let (path, scratch) = try write(header, data: data)
        let error = #expect(throws: FileError.self) {
            try withExtendedLifetime(scratch) { try SafetensorsFile(path: path) }
        }
        #expect(error?.kind == .corrupt)
        #expect(error?.description.contains(message) == true, "\(String(describing: error))")
    }

    @Test("a safetensors header that is said to be longer than the file, or than any header, is not read")
    func lengths() throws {
        for length in [UInt64(3), 100_000_001, .max] {
            let (path, scratch) = try write("{}", data: 0, length: length)
            #expect(throws: FileError.self) {
                try withExtendedLifetime(scratch) { try SafetensorsFile(path: path) }
            }
        }
    }
}
