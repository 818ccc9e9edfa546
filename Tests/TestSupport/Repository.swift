import Foundation

/// The checkout that the tests belong to.
package enum Repository {
    /// Its folder.
    package static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Path of a file or folder of `fixtures/`.
    package static func fixture(_ path: String) -> String { root.appending(path: "fixtures/\(path)").path }
}
