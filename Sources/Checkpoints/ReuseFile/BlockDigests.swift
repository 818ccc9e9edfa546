import Files
import Platform
import Tensors

/// SHA-256 of each 1 MiB block of a run of bytes.
package enum BlockDigests {
    package static let blockByteCount = 1 << 20

    /// The block table of a file whose contents end at `offset`.
    ///
    /// - Returns: `nil` when there is no room for contents, or the numbers overflow.
    static func table(ofContents offset: UInt64) -> (count: Int, endOffset: UInt64)? {
        guard offset > UInt64(UserBlock.byteCount), offset < UInt64(Int64.max) / 2 else { return nil }
        let count = blockCount(Int(offset) - UserBlock.byteCount)
        return (count, offset + UInt64(count * 32))
    }

    static func blockCount(_ byteCount: Int) -> Int { (byteCount + blockByteCount - 1) / blockByteCount }

    /// Digest of each block, computed in parallel; the last block may be shorter.
    ///
    /// - Parameter cancellation: When it ends the work, the rest of the digests mean nothing.
    package static func digests(of bytes: UnsafeRawBufferPointer, cancellation: Cancellation? = nil) -> [Digest] {
        let source = Shared(bytes)
        return Workers().map((0..<blockCount(bytes.count)).map { $0 * blockByteCount }) { start in
            if cancellation?.isRequested == true { return Digest(of: []) }
            let end = min(start + blockByteCount, source.bytes.count)
            return Digest(of: UnsafeRawBufferPointer(rebasing: source.bytes[start..<end]))
        }
    }

    /// The block table: digests one after the other.
    static func table(_ digests: [Digest]) -> [UInt8] { digests.flatMap(\.bytes) }

    /// Bytes that concurrent iterations read.
    ///
    /// `@unchecked Sendable`: they are never written, and they outlive the tasks, because `Workers` waits.
    private struct Shared: @unchecked Sendable {
        let bytes: UnsafeRawBufferPointer
        init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }
    }
}
