import Testing

import HDF5

@Suite("Chunk filters")
struct FilterTests {
    private static func undone(
        _ id: Int, _ input: [UInt8], values: [UInt64] = [], capacity: Int = 1000
    ) throws -> [UInt8] {
        let filter = IndexDocument.Filter(id: id, name: "", values: values, isOptional: false)
        return try input.withBytes { (bytes) throws(ChunkFailure) in try filter.undone(bytes, capacity: capacity) }
    }

    @Test("bytes shuffled by hand come back in order, a rest stays where it is")
    func shuffle() throws {
        #expect(try Self.undone(FilterID.shuffle, [1, 2, 3, 4, 5, 6], values: [2]) == [1, 4, 2, 5, 3, 6])
        #expect(try Self.undone(FilterID.shuffle, [1, 2, 3, 4, 5], values: [2]) == [1, 3, 2, 4, 5])
        #expect(try Self.undone(FilterID.shuffle, Array(0..<8), values: [4]) == [0, 2, 4, 6, 1, 3, 5, 7])
        #expect(try Self.undone(FilterID.shuffle, [1, 2, 3], values: [4]) == [1, 2, 3])
    }

    @Test("a chunk's checksum is that of the definition, computed by hand")
    func checksum() {
        // Words 0x0102 and 0x0304: sums 0x0102, 0x0406; sums of sums 0x0102, 0x0508.
        #expect(([1, 2, 3, 4] as [UInt8]).withUnsafeBytes { IndexDocument.Filter.fletcher32($0) } == 0x0508_0406)
        // An odd byte is the upper half of a word.
        #expect(([1, 2, 3] as [UInt8]).withUnsafeBytes { IndexDocument.Filter.fletcher32($0) } == 0x0504_0402)
    }

    @Test("a chunk with a wrong checksum, or too short for one, is found")
    func wrongChecksum() throws {
        #expect(try Self.undone(FilterID.fletcher32, [1, 2, 3, 4, 6, 4, 8, 5]) == [1, 2, 3, 4])
        #expect(throws: ChunkFailure.self) { try Self.undone(FilterID.fletcher32, [1, 2, 3, 5, 6, 4, 8, 5]) }
        #expect(throws: ChunkFailure.self) { try Self.undone(FilterID.fletcher32, [1, 2, 3]) }
    }

    @Test("LZF literals, copies and runs that copy themselves are decoded")
    func lzf() throws {
        // "abc", then four bytes from three back (which overlap what is being written), then 10 from one back.
        #expect(try Self.undone(FilterID.lzf, [2, 97, 98, 99, 2 << 5, 2]) == Array("abcabca".utf8))
        #expect(try Self.undone(FilterID.lzf, [0, 120, 7 << 5, 1, 0]) == Array("xxxxxxxxxxx".utf8))
    }

    @Test(
        "damaged compressed data are an error, whatever the damage",
        arguments: [
            (FilterID.lzf, [5, 1, 2]), (FilterID.lzf, [0, 1, 32, 7]), (FilterID.lzf, [7 << 5]),
            (FilterID.lzf, [0, 1, 7 << 5, 255, 0]), (FilterID.deflate, []), (FilterID.deflate, [1, 2, 3]),
            (FilterID.zstd, [0x28, 0xB5, 0x2F, 0xFD]), (FilterID.zstd, []),
        ] as [(Int, [UInt8])])
    func damaged(filter: Int, input: [UInt8]) {
        let result = Result { try Self.undone(filter, input, capacity: 100) }
        if case .success(let output) = result { #expect(output.isEmpty, "\(output)") }
    }
}
