import Foundation
import JSON
import Platform

/// The pictures below a folder, in the order of their paths.
package struct PictureFolder: Sendable {
    /// A picture, and the folder it lies in.
    package struct File: Sendable, Hashable {
        /// As it can be opened.
        package let path: String
        /// The first folder below the one that was named; `nil` for files that lie in that one.
        package let folder: String?
    }

    /// All pictures.
    package let files: [File]
    /// Whether it is one picture that was named itself.
    package let isFile: Bool

    private static let endings = [".png", ".jpg", ".jpeg"]

    /// Looks for PNG and JPEG files by the endings of their names. A file instead of a folder is the only picture.
    ///
    /// - Throws: `FileError` when there is no such folder, or no picture in it.
    package init(path: String) throws(FileError) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw FileError(.inputOutput, path: path, "there is no such file or folder; check the path")
        }
        isFile = !isFolder.boolValue
        guard isFolder.boolValue else {
            files = [File(path: path, folder: nil)]
            return
        }
        // Links to folders are not followed: they may lead in circles.
        guard let walker = FileManager.default.enumerator(atPath: path) else {
            throw FileError(.inputOutput, path: path, "cannot be read; check that you may read it")
        }
        var names: [String] = []
        while let name = walker.nextObject() as? String {
            let isHidden = name.split(separator: "/").contains { $0.hasPrefix(".") }
            if !isHidden, Self.endings.contains(where: name.lowercased().hasSuffix) { names.append(name) }
        }
        guard !names.isEmpty else { throw FileError(.inputOutput, path: path, "holds no .png, .jpg or .jpeg file") }
        files = names.sorted().map { name in
            let parts = name.split(separator: "/")
            return File(
                path: path.hasSuffix("/") ? path + name : "\(path)/\(name)",
                folder: parts.count > 1 ? String(parts[0]) : nil)
        }
    }
}
