import CZlib
import Platform

extension ZipDirectory.Member {
    /// The member's contents, decompressed and checked.
    ///
    /// The directory's sizes have been found believable: no more is allocated than they say.
    ///
    /// - Parameter archive: The whole archive.
    package func contents(of archive: UnsafeRawBufferPointer) throws(ZipDirectory.Failure) -> [UInt8] {
        let stored = UnsafeRawBufferPointer(rebasing: archive[data])
        let result = isDeflated ? try inflated(stored, count: byteCount) : Array(stored)
        guard result.withUnsafeBytes({ zipChecksum($0) }) == checksum else { throw corrupt("the checksum is wrong") }
        return result
    }

    /// The first bytes of the contents, unchecked: what tells whether the rest is worth its memory.
    ///
    /// - Parameter count: Fewer where the member has fewer.
    package func prefix(_ count: Int, of archive: UnsafeRawBufferPointer) throws(ZipDirectory.Failure) -> [UInt8] {
        let stored = UnsafeRawBufferPointer(rebasing: archive[data])
        let count = min(count, byteCount)
        return isDeflated ? try inflated(stored, count: count) : Array(stored.prefix(count))
    }

    private func corrupt(_ reason: String) -> ZipDirectory.Failure {
        ZipDirectory.Failure(kind: .corrupt, member: name, reason: reason)
    }

    /// The first `wanted` bytes of the inflated data; all of them must be there, and no more where all are wanted.
    private func inflated(
        _ input: UnsafeRawBufferPointer, count wanted: Int
    ) throws(ZipDirectory.Failure) -> [UInt8] {
        var stream = z_stream()
        // Negative: raw deflate, as zip has it.
        guard inflateInit2_(&stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw ZipDirectory.Failure(kind: .memory, member: name, reason: systemMessage(ENOMEM))
        }
        defer { inflateEnd(&stream) }
        var isComplete = false
        let result = [UInt8](unsafeUninitializedCapacity: wanted) { output, count in
            var source = input[...]
            var status = Z_OK
            // zlib counts in 32 bits, so large members go through in pieces; it writes no more than it is told.
            while status == Z_OK || status == Z_BUF_ERROR {
                let piece = source.prefix(1 << 30)
                let capacity = min(output.count - count, 1 << 30)
                stream.next_in = UnsafeMutablePointer(
                    mutating: UnsafeRawBufferPointer(rebasing: piece).bindMemory(to: UInt8.self).baseAddress)
                stream.avail_in = UInt32(piece.count)
                stream.next_out = output.baseAddress.map { $0 + count }
                stream.avail_out = UInt32(capacity)
                status = CZlib.inflate(&stream, Z_NO_FLUSH)
                let consumed = piece.count - Int(stream.avail_in), written = capacity - Int(stream.avail_out)
                source = source.dropFirst(consumed)
                count += written
                if consumed == 0 && written == 0 { break }
            }
            isComplete = count == wanted && (wanted < byteCount || status == Z_STREAM_END)
        }
        guard isComplete else { throw corrupt("its deflated data are damaged") }
        return result
    }
}

/// The CRC-32 of zip.
package func zipChecksum(_ bytes: UnsafeRawBufferPointer, continuing start: UInt32 = 0) -> UInt32 {
    UInt32(truncatingIfNeeded: crc32_z(uLong(start), bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count))
}
