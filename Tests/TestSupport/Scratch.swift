import Foundation

/// A folder of its own for one test, that goes away with its last user.
package final class Scratch: Sendable {
    package let path: String

    package init() {
        path = FileManager.default.temporaryDirectory.appending(path: "reuseformer-tests-\(UUID().uuidString)").path
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// A file of the folder.
    package func url(_ name: String) -> URL { URL(fileURLWithPath: path).appending(path: name) }

    /// Path of a file that may not exist yet.
    package func callAsFunction(_ name: String) -> String { url(name).path }

    /// Writes a file of text.
    @discardableResult
    package func file(_ name: String, contents: String) throws -> URL {
        try contents.write(to: url(name), atomically: false, encoding: .utf8)
        return url(name)
    }

    /// The first lines of another file, cut short: a few texts for tests that need not be thorough.
    package func lines(_ count: Int, of path: String, as name: String) throws -> String {
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").prefix(count)
        return try file(name, contents: lines.map { $0.prefix(60) + "\n" }.joined()).path
    }

    /// Names in the folder, hidden ones included.
    package var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }
}

/// A folder of its own for one test, removed afterwards.
package func withTemporaryFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = Scratch()
    return try withExtendedLifetime(folder) { try body(folder.path) }
}

/// Names in a folder, hidden ones too.
package func names(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
}
