import HDF5
import Tensors

/// The bytes of a file, mapped and read-only.
package struct MappedBytes: Sendable {
    private let file: MappedFile

    var count: Int { file.byteCount }

    package init(path: String) throws(CheckpointError) {
        file = try CheckpointError.mapping { () throws(HDF5Error) in try MappedFile(path: path) }
    }

    func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        // The file stays mapped while `self` holds it.
        try withExtendedLifetime(file) { () throws(E) -> R in try body(file.bytes) }
    }

    /// Storage that covers the whole file; tensors are views of it and keep it mapped.
    var storage: TensorStorage { TensorStorage(unsafeBytes: file.bytes, owner: file) }

    /// SHA-256 of the contents.
    package var digest: Digest { withUnsafeBytes { Digest(of: $0) } }
}
