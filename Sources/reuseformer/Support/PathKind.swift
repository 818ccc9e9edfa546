import Foundation
import JSON

/// What a path leads to.
enum PathKind {
    case nothing, file, folder

    init(_ path: String) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            self = .nothing
            return
        }
        self = isFolder.boolValue ? .folder : .file
    }
}
