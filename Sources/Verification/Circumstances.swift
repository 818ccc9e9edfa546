/// How a report came about: what somebody needs to have it made once more, and to know the files that it speaks of.
package struct Circumstances: Sendable, Hashable, Codable {
    /// A file as it lies on the disk.
    package struct StoredFile: Sendable, Hashable, Codable {
        /// Name without folders.
        package let name: String
        package let bytes: Int
        /// SHA-256 of the contents, 64 hexadecimal digits.
        package let sha256: String

        package init(name: String, bytes: Int, sha256: String) {
            self.name = name
            self.bytes = bytes
            self.sha256 = sha256
        }
    }

    /// Version of the program.
    package let version: String
    /// The command line as it was given; `nil` where a program of somebody's own asked.
    package var arguments: [String]?
    /// Names of the files and folders that the data came from, without folders above them.
    package var data: [String]
    /// Weight files of the source; `nil` where they could not be read once more.
    package var source: [StoredFile]?
    /// The converted model's file; `nil` for a model that was never written.
    package var converted: [StoredFile]?

    package init(version: String, data: [String] = []) {
        self.version = version
        self.data = data
    }

    /// Bytes of files together.
    package static func bytes(of files: [StoredFile]) -> Int { files.reduce(0) { $0 + $1.bytes } }
}
