import Foundation
import JSON
import Platform

/// What `modules.json` of a sentence-transformers folder lists: the modules that a text goes through, in their order.
package struct SentenceModuleList: Sendable, Hashable {
    /// One module.
    package struct Entry: Sendable, Hashable {
        /// Its class, `sentence_transformers.models.Pooling`; newer releases have more parts before the last one.
        package let type: String
        /// The folder of its files, below that of `modules.json`; empty for that folder itself.
        package let path: String

        /// Name of the class where it is one of the library's own; `nil` for code that comes with the folder.
        package var className: String? {
            type.hasPrefix("sentence_transformers.") ? type.split(separator: ".").last.map(String.init) : nil
        }
    }

    package static let fileName = "modules.json"

    package let entries: [Entry]

    /// Keys of an entry, and why nothing depends on those that are not read.
    private static let keys = ["idx", "name", "path", "type", "kwargs"]

    /// The list of a folder; `nil` where there is no `modules.json`.
    ///
    /// - Throws: When the file is no list of modules, or leads out of the folder.
    package init?(folder: String) throws(FileError) {
        let path = folder.isEmpty ? Self.fileName : "\(folder)/\(Self.fileName)"
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        func corrupt(_ message: String) -> FileError { FileError(.corrupt, path: path, message) }
        guard let list = try CheckpointFolder.document(path: path).arrayValue, !list.isEmpty else {
            throw corrupt("is no list of modules")
        }
        var entries: [Entry] = []
        for (index, value) in list.enumerated() {
            guard let members = value.objectValue, let type = members["type"]?.stringValue else {
                throw corrupt("module \(index) has no type")
            }
            if let key = members.keys.filter({ !Self.keys.contains($0) }).min() {
                throw FileError(
                    .unsupported, path: path, "module \(index) has the key \"\(key.printable)\", which is not known")
            }
            let place = members["path"].map { $0.isNull ? .string("") : $0 } ?? .string("")
            guard let text = place.stringValue else { throw corrupt("module \(index) has a path that is no text") }
            guard let folder = Self.inside(text) else {
                throw corrupt("module \(index) lies outside the folder: \"\(text.printable)\"")
            }
            entries.append(Entry(type: type, path: folder))
        }
        self.entries = entries
    }

    /// Where the transformer's own files lie; `nil` where there is none.
    package var transformerPath: String? { entries.first { $0.className == "Transformer" }?.path }

    /// A path below a folder without `.` and trailing `/`; `nil` when it leads out of it.
    private static func inside(_ path: String) -> String? {
        guard !path.hasPrefix("/"), !path.contains("\\") else { return nil }
        let parts = path.split(separator: "/").filter { $0 != "." }
        return parts.contains("..") ? nil : parts.joined(separator: "/")
    }
}
