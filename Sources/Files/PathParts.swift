/// A path cut at its last slash.
package struct PathParts: Sendable, Hashable {
    /// Without a slash at its end, but for the root; `.` for a path without any slash.
    package let folder: String
    /// What stands behind the last slash; empty for a path that ends with one.
    package let name: String

    package init(_ path: String) {
        guard let slash = path.lastIndex(of: "/") else {
            folder = "."
            name = path
            return
        }
        folder = slash == path.startIndex ? "/" : String(path[..<slash])
        name = String(path[path.index(after: slash)...])
    }
}
