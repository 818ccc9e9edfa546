import TestSupport
import Foundation
import FuzzTargets
import Testing

@Suite("Bytes that readers have met before")
struct CorpusTests {
    private static let folder = Repository.root.appending(path: "fixtures/fuzz")

    private static func names(in folder: URL) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { $0.first != "." }.sorted()
    }

    @Test("each fuzz target has a corpus, and each corpus a target")
    func complete() {
        let folders = Self.names(in: Self.folder).filter { !$0.contains(".") }
        #expect(folders == FuzzTarget.all.map(\.name).sorted())
    }

    @Test("every file of a fuzz target's corpus is read to its end", arguments: FuzzTarget.all.map(\.name))
    func survives(name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let folder = Self.folder.appending(path: name)
        for file in Self.names(in: folder) {
            try Data(contentsOf: folder.appending(path: file)).withUnsafeBytes(target.run)
        }
    }

    @Test(
        "halves of the corpus's files, and their bytes with one bit changed, are read to their end",
        arguments: FuzzTarget.all.map(\.name))
    func neighbours(name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let folder = Self.folder.appending(path: name)
        for file in Self.names(in: folder).prefix(4) {
            var bytes = try Data(contentsOf: folder.appending(path: file))
            bytes.prefix(bytes.count / 2).withUnsafeBytes(target.run)
            for step in 0..<8 where !bytes.isEmpty {
                let at = step * 7919 % bytes.count
                bytes[at] ^= 1 << UInt8(step)
                bytes.withUnsafeBytes(target.run)
            }
        }
    }
}
