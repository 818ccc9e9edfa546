import Foundation
import Platform

/// What a path leads to.
package enum PathKind {
    case nothing, file, folder

    /// Whether what a path leads to is a pipe, a device or a socket: something that is no contents under a name.
    package static func isSpecial(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
    }

    package init(_ path: String) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            self = .nothing
            return
        }
        self = isFolder.boolValue ? .folder : .file
    }
}
