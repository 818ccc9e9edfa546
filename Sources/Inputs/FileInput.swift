#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A regular file mapped for reading.
///
/// `@unchecked Sendable`: mapped once, never written, unmapped when the last owner lets go.
final class FileInput: @unchecked Sendable {
    let path: String
    let byteCount: Int
    private let base: UnsafeMutableRawPointer?

    init(path: String) throws(NumPyError) {
        // O_NONBLOCK: a named pipe must not make us wait for its writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw NumPyError(.io, path: path, systemMessage()) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw NumPyError(.io, path: path, "not a regular file")
        }
        self.path = path
        byteCount = Int(status.st_size)
        guard byteCount > 0 else {
            base = nil
            return
        }
        let address = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let address, address != MAP_FAILED else { throw NumPyError(.io, path: path, systemMessage()) }
        base = address
    }

    deinit { if let base { munmap(base, byteCount) } }

    /// Calls `body` with all bytes.
    func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try body(UnsafeRawBufferPointer(start: base, count: byteCount))
    }
}
