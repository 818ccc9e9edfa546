import Platform

/// A file mapped into memory, read-only, for as long as the object is held.
///
/// `@unchecked Sendable`: mapped once, never written by us, unmapped when the last owner lets go. Another process may
/// change the file under us; then values change, and a shrunk file ends the process, as for any mapped file.
package final class MappedFile: @unchecked Sendable {
    package let path: String
    /// The open file, so that the helper reads the very file that is mapped.
    package let descriptor: Int32
    package let byteCount: Int
    private let base: UnsafeMutableRawPointer?

    /// The contents, valid for as long as the object lives.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: byteCount) }

    package init(path: String) throws(FileError) {
        // O_NONBLOCK: a named pipe must not make us wait for its writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw FileError(path, errno: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw FileError(.inputOutput, path: path, "not a regular file; give the file itself")
        }
        byteCount = Int(status.st_size)
        if byteCount > 0 {
            let address = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0)
            guard let address, address != MAP_FAILED else {
                let reason = errno
                close(descriptor)
                throw FileError(.inputOutput, path: path, "cannot be mapped: " + systemMessage(reason))
            }
            base = address
        } else {
            base = nil
        }
        self.path = path
        self.descriptor = descriptor
    }

    deinit {
        if let base { munmap(base, byteCount) }
        close(descriptor)
    }
}

extension MappedFile {
    /// Calls `body` with all bytes.
    package func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        // The file stays mapped while `self` holds it.
        try withExtendedLifetime(self) { () throws(E) -> R in try body(bytes) }
    }

    /// SHA-256 of the contents.
    package var digest: Digest { withUnsafeBytes { Digest(of: $0) } }
}
