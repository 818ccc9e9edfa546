import Files
import HDF5
import Platform
import Tensors
import Testing

/// Documents that no honest helper writes: one that a hostile file has taken over might.
@Suite("Forged indexes")
struct ForgedIndexTests {
    private static let fileBytes = 10_000
    private static let root = #"{"path":"/","address":96,"kind":"group","links":[["w",800]]}"#
    private static let float = #""type":{"class":"float","size":4,"plain":"float32"}"#

    private static func document(_ objects: [String]) -> String {
        let list = objects.joined(separator: ",")
        return #"{"format":1,"fileBytes":\#(fileBytes),"userBlock":0,"root":96,"objects":[\#(list)],"#
            + #""metadata":[0,96,800]}"#
    }

    private static func dataset(_ members: String, address: Int = 800, path: String = "/w") -> String {
        #"{"path":"\#(path)","address":\#(address),"kind":"dataset",\#(members)}"#
    }

    private static func withDataset(_ members: String) -> String { document([root, dataset(members)]) }

    private static func chunked(_ chunks: String, chunk: String = "[4,2]", filters: String = "") -> String {
        withDataset(#"\#(float),"shape":[8,4],"layout":"chunked","chunk":\#(chunk),"chunks":\#(chunks)\#(filters)"#)
    }

    /// What is said about a document: where and why, or nothing when it is accepted.
    private static func verdict(_ document: String) -> String? {
        do {
            guard case .index(let index) = try IndexDocument.parse(Array(document.utf8)) else { return "a refusal" }
            // A version-0 superblock without user block ends at 96.
            var bytes = [UInt8](repeating: 0, count: fileBytes)
            bytes.replaceSubrange(0..<8, with: FileContent.hdf5Signature)
            (bytes[13], bytes[14]) = (8, 8)
            guard let superblock = bytes.withUnsafeBytes({ Superblock($0) }) else { return "no superblock" }
            try IndexValidation(
                document: index, byteCount: fileBytes, superblock: superblock, limits: .standard
            ).check()
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// Documents, and what the reason for refusing each must mention.
    private static let contradictions: [(String, String)] = [
        ("{", "a key was expected"), ("[1]", "not an object"), (#"{"format":2}"#, "unknown format"),
        (#"{"format":1,"format":1}"#, "occurs twice"), (#"{"format":1} 2"#, "text after the end"),
        (#"{"format":-1}"#, "wrong type or range"),
        (#"{"format":null}"#, "wrong type or range"),
        (#"{"format":18446744073709551616}"#, "wrong type or range"),
        (String(repeating: "[", count: 100_000), "nested deeper than the limit"),
        (document([root]), "leads nowhere"),
        (document([root, root]), "listed twice"),
        (document([#"{"path":"/","address":97,"kind":"group","links":[]}"#]), "no root group"),
        (document([#"{"path":"/","address":96,"kind":"group","links":[["a",96],["a",96]]}"#]), "appears twice"),
        (document([#"{"path":"/","address":96,"kind":"tree","links":[]}"#]), "unknown kind"),
        (#"{"format":1,"fileBytes":9999,"userBlock":0,"root":96,"objects":[],"metadata":[]}"#, "superblock"),
        (#"{"format":1,"fileBytes":10000,"userBlock":512,"root":96,"objects":[],"metadata":[]}"#, "superblock"),
        (withDataset(#""shape":[8]"#), "is missing"),
        (withDataset(#"\#(float),"shape":[8,4],"layout":"striped""#), "unknown layout"),
        (withDataset(#"\#(float),"shape":[8,4],"layout":"contiguous","extent":[1000]"#), "no pair"),
        (withDataset(#"\#(float),"shape":[8,4],"layout":"contiguous","extent":[1000,127]"#), "needs 128"),
        (withDataset(#"\#(float),"shape":[8,4],"layout":"contiguous","extent":[9900,128]"#), "beyond the end"),
        (withDataset(#"\#(float),"shape":[8,4],"layout":"contiguous","extent":[50,128]"#), "superblock"),
        (
            withDataset(#"\#(float),"shape":[8,4],"layout":"contiguous","extent":[9223372036854775807,128]"#),
            "overflows"
        ),
        (
            withDataset(#"\#(float),"shape":[4294967296,4294967296],"layout":"contiguous""#),
            "more than can be addressed"
        ),
        (
            withDataset(#"\#(float),"shape":[0,9223372036854775807],"layout":"contiguous""#),
            "more than can be addressed"
        ),
        (withDataset(#"\#(float),"shape":[18446744073709551615],"layout":"contiguous""#), "wrong type or range"),
        (withDataset(#"\#(float),"shape":[100000000],"layout":"contiguous""#), "0 bytes are stored"),
        (
            withDataset(#""type":{"class":"float","size":8,"plain":"float32"},"shape":[4],"layout":"compact""#),
            "float32 of 8 bytes"
        ),
        (withDataset(#""type":{"class":"float","size":0},"shape":[4],"layout":"compact""#), "no size"),
        (
            withDataset(#""type":{"class":"float","size":4,"plain":"float33"},"shape":[4],"layout":"compact""#),
            "unknown element type"
        ),
        (
            withDataset(#"\#(float),"shape":[2],"layout":"compact","values":"AAAAAA=="#),
            "a comma or the end of the list"
        ),
        (withDataset(#"\#(float),"shape":[2],"layout":"compact","values":"AAAAAA==""#), "4 bytes of values"),
        (withDataset(#"\#(float),"shape":[2],"layout":"compact","values":"A?""#), "wrong type or range"),
        (withDataset(#"\#(float),"shape":[2],"layout":"compact","fill":"AAA=""#), "fill value of another size"),
        (chunked("[[0,0,1000,32]]"), "another rank"), (chunked("[]", chunk: "[4,0]"), "impossible chunks"),
        (chunked("[[0,0,0,1000,32,0]]", chunk: "[4,2,1]"), "impossible chunks"),
        (chunked("[[8,0,1000,32,0]]"), "outside shape"), (chunked("[[2,0,1000,32,0]]"), "not aligned"),
        (chunked("[[0,0,1000,32,0],[0,0,1032,32,0]]"), "stored twice"),
        (chunked("[[0,0,1000,31,0]]"), "31 bytes instead of 32"), (chunked("[[0,0,1000,0,0]]"), "of 0 bytes"),
        (chunked("[[0,0,1000,32,1]]"), "skips filters that do not exist"),
        (chunked("[[0,0,1000,32,0],[4,0,1016,32,0]]"), "overlap"),
        (chunked("[[0,0,784,32,0]]"), "overlap the structures at 800"),
        (chunked("[[0,0,9990,32,0]]"), "beyond the end"),
        (chunked("[]", filters: #","filters":[{"id":2,"name":"shuffle","values":[8]}]"#), "shuffled as if they had 8"),
        (chunked("[]", chunk: "[1048576,65536]"), "chunks of"),
    ]

    @Test("a sound index is accepted")
    func sound() {
        #expect(
            Self.verdict(Self.withDataset(#"\#(Self.float),"shape":[8,4],"layout":"contiguous","extent":[1000,128]"#))
                == nil)
        #expect(Self.verdict(Self.chunked("[[0,0,1000,32,0],[4,2,1032,32,0]]")) == nil)
    }

    @Test("an index that contradicts the file, or itself, is refused", arguments: contradictions)
    func rejected(document: String, mentions: String) {
        let verdict = Self.verdict(document)
        #expect(verdict?.contains(mentions) == true, "\(verdict ?? "accepted")")
    }

    @Test(
        "a refusal by the index helper becomes the error of its kind",
        arguments: [
            ("unsafe", .corrupt), ("limit", .corrupt), ("corrupt", .corrupt), ("newerFormat", .unsupported),
            ("unsupported", .unsupported), ("failure", .inputOutput), ("anything", .corrupt),
        ] as [(String, ErrorKind)])
    func refusals(kind: String, expected: ErrorKind) throws {
        let document = #"{"format":1,"error":{"kind":"\#(kind)","path":"/w","message":"why"}}"#
        guard case .refusal(let refusal) = try IndexDocument.parse(Array(document.utf8)) else {
            Issue.record("no refusal")
            return
        }
        let error = FileError(refusal, file: "f.h5")
        #expect(error.kind == expected)
        #expect(error.path == "f.h5" && error.problems.first?.hasPrefix("/w: ") == true)
    }
}
