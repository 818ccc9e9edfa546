import Files
import Foundation
import Platform
import TestSupport
import Testing

@Suite("Names that must be new")
struct ClaimTests {
    private static func write(_ text: String, to path: String, on system: FileSystem = .system) throws {
        var file = try AtomicFile(replacing: path, on: system)
        try file.write(Array(text.utf8))
        try file.commit()
    }

    @Test("a claimed name that another program has taken meanwhile stays as it is, and nothing is left beside it")
    func taken() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/out"
            AtomicFile.claim(path)
            try Data("theirs".utf8).write(to: URL(fileURLWithPath: path))
            let error = #expect(throws: FileError.self) { try Self.write("ours", to: path) }
            #expect(error?.kind == .inputOutput)
            #expect(error?.description.contains("another program has written a file of this name") == true)
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "theirs")
            try #expect(names(in: folder) == ["out"])
        }
    }

    @Test("a claimed name that is free is taken once, and is ours to replace from then on")
    func free() throws {
        try withTemporaryFolder { folder in
            AtomicFile.claim(folder + "/out")
            for text in ["first", "second"] {
                try Self.write(text, to: folder + "/out")
                #expect(try String(contentsOfFile: folder + "/out", encoding: .utf8) == text)
                try #expect(names(in: folder) == ["out"])
            }
        }
    }

    @Test("what cannot be put under a claimed name leaves nothing")
    func failing() throws {
        try withTemporaryFolder { folder in
            AtomicFile.claim(folder + "/out")
            var system = FileSystem.system
            system.renameNew = { _, _ throws(FileSystem.Failure) in throw FileSystem.Failure(code: EIO) }
            #expect(throws: FileError.self) { try Self.write("ours", to: folder + "/out", on: system) }
            try #expect(names(in: folder).isEmpty)
        }
    }

    @Test("a pipe is no name for a file")
    func special() throws {
        try withTemporaryFolder { folder in
            #expect(mkfifo(folder + "/out", 0o600) == 0)
            let error = #expect(throws: FileError.self) { _ = try AtomicFile(replacing: folder + "/out") }
            #expect(error?.kind == .inputOutput)
            try #expect(names(in: folder) == ["out"])
        }
    }
}
