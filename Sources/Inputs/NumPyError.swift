/// Why a `.npy` or `.npz` file cannot be read or written.
public struct NumPyError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Classes of errors; the command gives each its exit code.
    public enum Kind: String, Sendable, Hashable {
        /// Not found, no permission, disk full.
        case io
        /// The file contradicts its format or itself, or asks for more than is reasonable.
        case corrupt
        /// Sound, but not something that is read: objects, records, encrypted members.
        case unsupported
        /// An archive has no array of the wanted name.
        case noSuchArray
    }

    /// The class of the error.
    public let kind: Kind
    /// The file as the caller named it.
    public let path: String
    /// The array inside an archive, if it is about one.
    public let array: String?
    /// What is wrong, and what to do where something can be done.
    public let reason: String

    public init(_ kind: Kind, path: String, array: String? = nil, _ reason: String) {
        self.kind = kind
        self.path = path
        self.array = array
        self.reason = reason
    }

    public var description: String {
        let place = array.map { "\(path): array '\($0)'" } ?? path
        return "\(place): \(reason)"
    }
}
