import Files
import Platform

/// Files mapped into memory, each once: asking again for a path gives the same mapping, so that what was looked at is
/// what is read and digested later, and no file is opened twice.
package final class MappedFiles: Sendable {
    private let files = Lock<[String: MappedFile]>([:])

    package init() {}

    /// The file at a path.
    package func file(at path: String) throws(FileError) -> MappedFile {
        try files.withLock { (files) throws(FileError) -> MappedFile in
            if let file = files[path] { return file }
            let file = try MappedFile(path: path)
            files[path] = file
            return file
        }
    }
}

extension MappedFile {
    /// Last part of the path.
    package var name: String { FileEntry(path: path).name }
}
