import CZlib
import CZstd

/// Compressed data as they come in pieces, recognised by their first bytes.
///
/// Sources: RFC 1952 (gzip), RFC 8878 (zstd). Both may hold several members or frames one after the other, which are
/// one text then. Memory does not grow with what a piece expands to: the caller takes the output in pieces too.
package final class StreamDecompressor {
    /// How the data are compressed.
    package enum Method: Sendable, Hashable {
        case gzip, zstd

        /// Told by the first bytes; `nil` for data that are neither.
        package init?(_ head: some Collection<UInt8>) {
            let head = Array(head.prefix(4))
            if head.starts(with: [0x1F, 0x8B]) {
                self = .gzip
            } else if head.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
                self = .zstd
            } else {
                return nil
            }
        }
    }

    /// The data are damaged, or the library refuses them.
    package struct Failure: Error, Sendable {}

    private let method: Method
    /// On the heap: zlib remembers where it lies.
    private let deflated = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private var frames: OpaquePointer?
    private var input: [UInt8] = []
    private var position = 0
    /// Whether a member or frame has begun and not ended.
    private var isInside = false
    /// Whether the last call filled its output: there may be more of it.
    private var hasMore = false

    /// Bytes that one call gives at most.
    private static let pieceSize = 1 << 18

    /// - Throws: When the library does not start, for want of memory.
    package init(_ method: Method) throws(Failure) {
        self.method = method
        deflated.initialize(to: z_stream())
        switch method {
        case .gzip:
            // 16: with the header and the checksum of gzip.
            guard
                inflateInit2_(deflated, MAX_WBITS + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
            else { throw Failure() }
        case .zstd:
            frames = ZSTD_createDStream()
            guard frames != nil else { throw Failure() }
        }
    }

    deinit {
        if method == .gzip { inflateEnd(deflated) }
        deflated.deinitialize(count: 1)
        deflated.deallocate()
        if let frames { ZSTD_freeDStream(frames) }
    }

    /// Takes the next piece of compressed data. The earlier ones have been used up: `next()` gave `nil`.
    package func append(_ bytes: [UInt8]) {
        input = bytes
        position = 0
    }

    /// Whether the data may end here: no member or frame is open.
    package var isComplete: Bool { !isInside }

    /// The next decompressed bytes; `nil` when more input is needed.
    package func next() throws(Failure) -> [UInt8]? {
        while position < input.count || hasMore {
            let piece =
                switch method {
                case .gzip: try inflated()
                case .zstd: try expanded()
                }
            if !piece.isEmpty { return piece }
        }
        return nil
    }

    private func inflated() throws(Failure) -> [UInt8] {
        if !isInside {
            guard inflateReset(deflated) == Z_OK else { throw Failure() }
            isInside = true
        }
        var status = Z_OK
        let piece = [UInt8](unsafeUninitializedCapacity: Self.pieceSize) { output, count in
            input.withUnsafeMutableBufferPointer { source in
                deflated.pointee.next_in = source.baseAddress.map { $0 + position }
                deflated.pointee.avail_in = UInt32(clamping: source.count - position)
                deflated.pointee.next_out = output.baseAddress
                deflated.pointee.avail_out = UInt32(Self.pieceSize)
                status = CZlib.inflate(deflated, Z_NO_FLUSH)
                position = source.count - Int(deflated.pointee.avail_in)
                count = Self.pieceSize - Int(deflated.pointee.avail_out)
            }
        }
        hasMore = piece.count == Self.pieceSize
        if status == Z_STREAM_END {
            (isInside, hasMore) = (false, false)
        } else if status != Z_OK, status != Z_BUF_ERROR {
            throw Failure()
        }
        return piece
    }

    private func expanded() throws(Failure) -> [UInt8] {
        var rest = 0
        let piece = [UInt8](unsafeUninitializedCapacity: Self.pieceSize) { output, count in
            input.withUnsafeBytes { source in
                var taken = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: position)
                var given = ZSTD_outBuffer(dst: output.baseAddress, size: Self.pieceSize, pos: 0)
                rest = ZSTD_decompressStream(frames, &given, &taken)
                (position, count) = (taken.pos, given.pos)
            }
        }
        guard ZSTD_isError(rest) == 0 else { throw Failure() }
        isInside = rest != 0
        hasMore = isInside && piece.count == Self.pieceSize
        return piece
    }
}
