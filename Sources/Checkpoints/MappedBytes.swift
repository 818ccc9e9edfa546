import Foundation
import Tensors

/// The bytes of a file, mapped and read-only.
struct MappedBytes: Sendable {
    private let data: Data

    var count: Int { data.count }

    init(path: String) throws(CheckpointError) {
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
        } catch CocoaError.fileReadNoSuchFile {
            throw CheckpointError(.io, path: path, "there is no such file", remedy: "check the path")
        } catch {
            throw CheckpointError(.io, path: path, "cannot be read", remedy: "check the file's mode and its folder's")
        }
    }

    func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        // `Data` is contiguous when it is mapped; the closure runs exactly once.
        let result: Result<R, E> = data.withUnsafeBytes { bytes in
            do throws(E) { return .success(try body(bytes)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// SHA-256 of the contents.
    var digest: Digest { withUnsafeBytes { Digest(of: $0) } }
}
