/// A file of a checkpoint.
package struct FileEntry: Sendable, Hashable {
    /// As it is opened.
    package let path: String
    /// Without folders.
    package let name: String

    package init(path: String) {
        self.path = path
        name = path.split(separator: "/").last.map(String.init) ?? path
    }
}
