/// Why a picture, or how pictures are to be prepared, cannot be read.
public struct ImageError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of thing is wrong.
    public enum Kind: Sendable, Hashable {
        /// The file cannot be opened.
        case io
        /// The file is damaged, or no picture at all.
        case corrupt
        /// A kind of picture, or of preparation, that is not handled.
        case unsupported
    }

    /// What kind of thing is wrong.
    public let kind: Kind
    /// Path of the file.
    public let path: String
    /// What is wrong, and what to do.
    public let reason: String

    public init(_ kind: Kind, path: String, _ reason: String) {
        self.kind = kind
        self.path = path
        self.reason = reason
    }

    public var description: String { "\(path): \(reason)" }
}
