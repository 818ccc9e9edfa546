#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif
import Tensors

/// A file mapped into memory, read-only, for as long as anybody holds the object.
///
/// `@unchecked Sendable`: mapped once, never written by us, unmapped when the last owner lets go. Somebody else may
/// change the file under us; then values change, and a shrunk file ends the process, as for any mapped file.
package final class MappedFile: @unchecked Sendable {
    package let path: String
    /// The open file, so that the helper reads the very file that is mapped.
    package let descriptor: Int32
    package let byteCount: Int
    private let base: UnsafeMutableRawPointer?

    /// The contents, valid for as long as the object lives.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: byteCount) }

    package init(path: String) throws(HDF5Error) {
        let location = HDF5Location(file: path)
        // O_NONBLOCK: a named pipe must not make us wait for its writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw HDF5Error(opening: location, errno: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .inputOutput(location, reason: "not a regular file; give the file itself")
        }
        byteCount = Int(status.st_size)
        if byteCount > 0 {
            let address = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0)
            guard let address, address != MAP_FAILED else {
                let reason = errno
                close(descriptor)
                throw .inputOutput(location, reason: "cannot be mapped: " + message(ofErrno: reason))
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

extension HDF5Error {
    init(opening location: HDF5Location, errno code: Int32) {
        self =
            switch code {
            case ENOENT, ENOTDIR: .missing(location)
            case EACCES, EPERM: .permissionDenied(location)
            default: .inputOutput(location, reason: message(ofErrno: code))
            }
    }
}

/// The system's text for an error number.
func message(ofErrno code: Int32) -> String {
    String(cString: strerror(code))
}
