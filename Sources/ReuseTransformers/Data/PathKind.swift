import Foundation

/// What a path leads to.
package enum PathKind {
    case nothing, file, folder

    package init(_ path: String) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            self = .nothing
            return
        }
        self = isFolder.boolValue ? .folder : .file
    }
}
