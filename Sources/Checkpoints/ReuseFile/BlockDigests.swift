import Dispatch
import Tensors

/// SHA-256 of each 1 MiB block of a run of bytes.
enum BlockDigests {
    static let blockByteCount = 1 << 20

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
    static func digests(of bytes: UnsafeRawBufferPointer) -> [Digest] {
        let count = blockCount(bytes.count)
        let empty = Digest(of: UnsafeRawBufferPointer(start: nil, count: 0))
        return [Digest](unsafeUninitializedCapacity: count) { target, initializedCount in
            target.initialize(repeating: empty)
            let results = Disjoint(target)
            let source = Disjoint(bytes)
            DispatchQueue.concurrentPerform(iterations: count) { block in
                let start = block * blockByteCount
                let end = min(start + blockByteCount, source.buffer.count)
                results.buffer[block] = Digest(of: UnsafeRawBufferPointer(rebasing: source.buffer[start..<end]))
            }
            initializedCount = count
        }
    }

    /// The block table: digests one after the other.
    static func table(_ digests: [Digest]) -> [UInt8] { digests.flatMap(\.bytes) }

    /// A buffer that concurrent iterations share.
    ///
    /// `@unchecked Sendable`: every iteration touches its own block and its own element only, and the buffer outlives
    /// them, because `concurrentPerform` waits.
    private struct Disjoint<Buffer>: @unchecked Sendable {
        let buffer: Buffer
        init(_ buffer: Buffer) { self.buffer = buffer }
    }
}
