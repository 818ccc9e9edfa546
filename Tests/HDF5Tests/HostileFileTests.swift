import TestSupport
import Files
import Foundation
import HDF5
import Platform
import Testing

@Suite("Hostile files")
struct HostileFileTests {
    struct Case: Sendable, CustomStringConvertible {
        let file: String
        let kind: ErrorKind
        /// What the message must mention.
        let mentions: String

        init(_ file: String, _ kind: ErrorKind = .corrupt, mentions: String) {
            self.file = file
            self.kind = kind
            self.mentions = mentions
        }

        var description: String { file }
    }

    @Test(
        "each hostile file is refused with its path, the object and the reason",
        arguments: [
            Case("data_in_superblock", mentions: "superblock"),
            Case("data_in_metadata", mentions: "overlap the structures"),
            Case("data_outside", mentions: "beyond the end of the file"),
            Case("data_too_short", mentions: "188 bytes are stored where shape [8, 6] needs 192"),
            Case("data_shared", mentions: "overlap"),
            Case("chunk_outside_shape", mentions: "chunk [12, 0] lies outside shape [8, 6]"),
            Case("chunk_misaligned", mentions: "no multiple of 4"),
            Case("chunk_empty", mentions: "chunk [4, 0]"),
            Case("chunk_tiny", mentions: "cannot hold a checksum"),
            Case("chunk_flipped", mentions: "/deflated: the file is corrupt: chunk [4, 0]: the checksum"),
            Case("heap_size", mentions: "claims 35184372088832 bytes"),
            Case("heap_object_size", mentions: "object 1 is larger than the rest"),
            Case("heap_object_index", mentions: "object 1, which does not exist"),
            Case("btree_self", mentions: ""),
            Case("truncated", mentions: ""),
            Case("half", mentions: ""),
            Case("only_signature", mentions: "ends inside the superblock"),
            Case("zeros", mentions: ""),
            Case("external_link", mentions: "/weight: refused: it is a link to another file"),
            Case("external_storage", mentions: "/weight: refused: its values lie in another file"),
            Case("virtual", mentions: "/weight: refused: it is put together from other files"),
            Case("deep", mentions: "nested deeper than 64"),
            Case("claim", mentions: "0 bytes are stored for values of 4398046511104 bytes"),
            Case("huge_chunk", mentions: "chunks of 2147483648 bytes for shape [4]"),
            Case("bomb", mentions: "for values of 134217728 bytes"),
            Case("unknown_filter", .unsupported, mentions: "filter 511"),
            Case("wide_skipped_filter", mentions: "16 bytes each could not be converted"),
        ])
    func refused(_ hostile: Case) throws {
        let path = fixture("hostile/\(hostile.file).h5")
        let error = try #require(failure(ofReading: path))
        #expect(error.kind == hostile.kind)
        #expect(error.description.hasPrefix(path))
        #expect(hostile.mentions.isEmpty || error.description.contains(hostile.mentions), "\(error)")
    }

    @Test("every hostile file has its case here")
    func completeness() throws {
        #expect(try names(in: fixture("hostile")).count == 27)
    }

    @Test(
        "a file that is something else is named, with what to do",
        arguments: [
            ([], FileContent.empty), (Array("version https://git-lfs.github.com/spec/v1\n".utf8), .gitLFSPointer),
            (Array("\n <!DOCTYPE html><html>".utf8), .webPage), ([0x50, 0x4B, 3, 4, 20, 0], .zipArchive),
            ([0x1F, 0x8B, 8], .gzip), ([12, 0, 0, 0, 0, 0, 0, 0] + Array("{\"a\":{}}    ".utf8), .safetensors),
            ([0x80, 2, 0x7D, 0x71], .pickle), ([0x0E, 3, 0x13, 1], .hdf4), ([0x89, 0x50, 0x4E, 0x47, 13, 10], .png),
            ([0xFF, 0xD8, 0xFF, 0xE0], .jpeg), (Array("CDF\u{1}abc".utf8), .netCDF),
            ([0x89, 0x48, 0x44, 0x46, 0x0A, 0x1A, 0x0A], .textTransfer), ([0xC2, 0x89, 0x48, 0x44, 0x46], .reencoded),
            (Array("hello".utf8), .text), ([0, 1, 2, 3], .unknown),
        ] as [([UInt8], FileContent)])
    func otherContents(bytes: [UInt8], content: FileContent) throws {
        try withTemporaryFolder { folder in
            let path = folder + "/model.h5"
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let error = #expect(throws: FileError.self) { try HDF5File.open(path: path) }
            #expect(error == .notHDF5(HDF5Location(file: path), content))
            #expect(error?.kind == (content.isForeign && content != .pickle ? .unsupported : .corrupt))
        }
    }

    @Test("a file that is missing, a folder and a pipe are trouble with files, not with their contents")
    func notAFile() throws {
        try withTemporaryFolder { folder in
            #expect(
                throws: FileError.inputOutput(
                    HDF5Location(file: folder + "/no.h5"), reason: "there is no such file; check the path")
            ) {
                try HDF5File.open(path: folder + "/no.h5")
            }
            mkfifo(folder + "/pipe", 0o600)
            for path in [folder, folder + "/pipe", "/dev/null"] {
                let error = #expect(throws: FileError.self) { try HDF5File.open(path: path) }
                #expect(error?.kind == .inputOutput)
            }
        }
    }

    @Test("names from a file cannot steer a terminal")
    func controlCharacters() {
        let error = FileError.corrupt(HDF5Location(file: "a\u{1B}[31m.h5", object: "/x\u{202E}y\n"), reason: "\u{7}")
        #expect(error.problems.first?.hasPrefix("/x\\u{202e}y\\n: the file is corrupt: \\u{7};") == true)
    }
}
