import Files
import Foundation
import Platform
import TestSupport
import Testing

@Suite("Files that appear complete or not at all")
struct AtomicFileTests {
    private static func write(_ text: String, to path: String, on system: FileSystem = .system) throws {
        var file = try AtomicFile(replacing: path, on: system)
        try file.write(Array(text.utf8))
        try file.commit()
    }

    @Test("a committed file replaces the one of its name, and leaves nothing beside it")
    func commit() throws {
        try withTemporaryFolder { folder in
            for text in ["first", "second"] {
                try Self.write(text, to: folder + "/out")
                #expect(try String(contentsOfFile: folder + "/out", encoding: .utf8) == text)
                #expect(try names(in: folder) == ["out"])
            }
        }
    }

    @Test("a file has another name until it is committed, and goes when it is given up")
    func abandoned() throws {
        try withTemporaryFolder { folder in
            do {
                var file = try AtomicFile(replacing: folder + "/out")
                try file.write([1, 2, 3])
                #expect(try names(in: folder) == [".out.reuseformer-\(getpid()).partial"])
            }
            #expect(try names(in: folder).isEmpty)
        }
    }

    @Test("whichever system call fails, the old file stays and nothing half-written is left", arguments: 0..<6)
    func failure(at call: Int) throws {
        try withTemporaryFolder { folder in
            try Self.write("old", to: folder + "/out")
            let system = FileSystem.failing(atCall: call, code: ENOSPC)
            let error = #expect(throws: FileError.self) { try Self.write("new", to: folder + "/out", on: system) }
            #expect(error?.kind == .inputOutput)
            #expect(error?.description.contains("No space left") == true)
            #expect(try String(contentsOfFile: folder + "/out", encoding: .utf8) == "old")
            #expect(try names(in: folder) == ["out"])
        }
    }

    @Test("temporary files of a process that is gone are removed, those of others stay")
    func strays() throws {
        try withTemporaryFolder { folder in
            let strays = [".out.reuseformer-999999999.partial", ".out.reuseformer-\(getpid()).partial"]
            let others = [
                ".out.reuseformer-1.partial", ".out.reuseformer-x.partial", ".other.reuseformer-999999999.partial",
            ]
            for name in strays + others { try Data().write(to: URL(fileURLWithPath: "\(folder)/\(name)")) }
            try Self.write("new", to: folder + "/out")
            #expect(try names(in: folder) == (others + ["out"]).sorted())
        }
    }

    @Test("a file that is written through a buffer says which call failed", arguments: [0, 1, 3])
    func failingOutput(at call: Int) throws {
        try withTemporaryFolder { folder in
            let system = FileSystem.failing(atCall: call, code: ENOSPC)
            let error = #expect(throws: FileError.self) {
                var output = try FileOutput(path: folder + "/out", on: system)
                try output.write([1, 2, 3])
                try output.close()
            }
            #expect(error?.path == folder + "/out")
            #expect(error?.description.contains("No space left") == true)
        }
    }

    @Test("the start of a file can be overwritten at the end, and writing goes on behind")
    func overwriting() throws {
        try withTemporaryFolder { folder in
            var output = try FileOutput(path: folder + "/out", on: .failing(atCall: -1, code: 0))
            let large = [UInt8](repeating: 7, count: 100_000)
            try output.write([1, 2, 3])
            try output.write(large)
            try output.overwriteStart(with: [4, 5])
            try output.write([6])
            #expect(output.position == 100_004)
            try output.close()
            #expect(try Array(Data(contentsOf: URL(fileURLWithPath: folder + "/out"))) == [4, 5, 3] + large + [6])
        }
    }

    @Test(
        "a path is cut into folder and name",
        arguments: [
            ("a/b", "a", "b"), ("b", ".", "b"), ("/b", "/", "b"), ("a/b/", "a/b", ""), ("/", "/", ""), ("", ".", ""),
        ])
    func pathParts(path: String, folder: String, name: String) {
        #expect(PathParts(path).folder == folder)
        #expect(PathParts(path).name == name)
    }

    @Test(
        "a file in a folder that does not exist, or with an impossible name, is refused",
        arguments: ["/no/out", "/", "/.."])
    func impossible(suffix: String) throws {
        try withTemporaryFolder { folder in
            let error = #expect(throws: FileError.self) { _ = try AtomicFile(replacing: folder + suffix) }
            #expect(error?.kind == .inputOutput)
        }
    }
}

extension FileSystem {
    /// The real one, but one call (creating, writing twice, closing, synchronising, renaming) fails; writes are short.
    fileprivate static func failing(atCall failing: Int, code: Int32) -> FileSystem {
        let counter = Counter()
        let system = FileSystem.system
        @Sendable func step() throws(Failure) {
            if counter.next() == failing { throw Failure(code: code) }
        }
        var result = system
        result.create = { path throws(Failure) in
            try step()
            return try system.create(path)
        }
        result.truncate = { path throws(Failure) in
            try step()
            return try system.truncate(path)
        }
        result.write = { descriptor, bytes throws(Failure) in
            try step()
            return try system.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes.prefix(max(bytes.count / 2, 2))))
        }
        result.close = { descriptor throws(Failure) in
            try system.close(descriptor)
            try step()
        }
        result.synchronize = { path throws(Failure) in
            try step()
            try system.synchronize(path)
        }
        result.rename = { from, to throws(Failure) in
            try step()
            try system.rename(from, to)
        }
        return result
    }
}

private final class Counter: Sendable {
    private let count = Lock(0)

    /// 0, 1, 2, ….
    func next() -> Int {
        count.withLock { count in
            defer { count += 1 }
            return count
        }
    }
}
