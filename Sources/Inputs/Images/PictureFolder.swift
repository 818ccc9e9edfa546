import Foundation

/// The pictures below a folder, in the order of their paths.
public struct PictureFolder: Sendable {
    /// A picture, and the folder it lies in.
    public struct File: Sendable, Hashable {
        /// As it can be opened.
        public let path: String
        /// The first folder below the one that was named; `nil` for files that lie in that one.
        public let folder: String?
    }

    /// All pictures.
    public let files: [File]

    private static let endings = [".png", ".jpg", ".jpeg"]

    /// Looks for PNG and JPEG files by the endings of their names. A file instead of a folder is the only picture.
    ///
    /// - Throws: `ImageError` when there is no such folder, or no picture in it.
    public init(path: String) throws(ImageError) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw ImageError(.io, path: path, "there is no such file or folder; check the path")
        }
        guard isFolder.boolValue else {
            files = [File(path: path, folder: nil)]
            return
        }
        // Links to folders are not followed: they may lead in circles.
        guard let walker = FileManager.default.enumerator(atPath: path) else {
            throw ImageError(.io, path: path, "cannot be read; check that you may read it")
        }
        var names: [String] = []
        while let name = walker.nextObject() as? String {
            let isHidden = name.split(separator: "/").contains { $0.hasPrefix(".") }
            if !isHidden, Self.endings.contains(where: name.lowercased().hasSuffix) { names.append(name) }
        }
        guard !names.isEmpty else { throw ImageError(.io, path: path, "holds no .png, .jpg or .jpeg file") }
        files = names.sorted().map { name in
            let parts = name.split(separator: "/")
            return File(
                path: path.hasSuffix("/") ? path + name : "\(path)/\(name)",
                folder: parts.count > 1 ? String(parts[0]) : nil)
        }
    }
}
