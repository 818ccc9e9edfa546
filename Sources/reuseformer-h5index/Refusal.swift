import CH5Index

/// Why a file, or an object in it, is not indexed. The parent turns it into an `FileError`.
struct Refusal: Error {
    /// The names are part of the document's format.
    enum Kind: String {
        /// The file contradicts the format or itself.
        case corrupt
        /// It points outside itself, or is built to mislead.
        case unsafe
        /// It is larger, deeper or more than we are willing to handle.
        case limit
        /// Sound, but nothing that is followed: a link of a class that a user has defined.
        case unsupported
        /// Written by a newer version of the format than the library knows.
        case newerFormat
        /// The helper itself could not do its work (usage, reading the descriptor).
        case failure
    }

    let kind: Kind
    let path: [UInt8]
    let message: String

    init(_ kind: Kind, _ path: [UInt8] = [], _ message: String) {
        self.kind = kind
        self.path = path
        self.message = message
    }
}

/// What libhdf5 says about the call that failed last.
struct LibraryFailure {
    let text: String
    /// Whether a version number was not known to the library.
    let concernsVersion: Bool
    /// Whether memory ran out: under our limits, a sign of absurd sizes in the file.
    let concernsMemory: Bool

    static func last() -> LibraryFailure {
        var version: Int32 = 0, memory: Int32 = 0
        let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            h5i_last_failure(buffer.baseAddress, buffer.count, &version, &memory)
            return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
        return LibraryFailure(text: text, concernsVersion: version != 0, concernsMemory: memory != 0)
    }

    func refusal(_ path: [UInt8], _ doing: String) -> Refusal {
        let reason = text.isEmpty ? "" : ": \(text)"
        return Refusal(concernsMemory ? .limit : .corrupt, path, doing + reason)
    }
}

/// A status or handle of libhdf5; negative ones become a refusal.
@discardableResult
func checked<Status: SignedInteger>(
    _ status: Status, _ path: [UInt8], _ doing: @autoclosure () -> String
) throws(Refusal) -> Status {
    guard status >= 0 else { throw LibraryFailure.last().refusal(path, doing()) }
    return status
}
