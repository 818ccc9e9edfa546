import Foundation

/// Files of the repository that tests read.
package enum Fixtures {
    /// The repository's folder.
    package static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The folder `fixtures`.
    package static let folder = root.appending(path: "fixtures")

    /// The path of a file or folder below `fixtures`.
    package static func path(_ name: String) -> String { folder.appending(path: name).path }
}
