import CZlib
import Tensors

/// A `.npz` archive opened for reading: arrays by name.
public struct NumPyArchive: Sendable {
    private let file: FileInput
    private let members: [String: ZipDirectory.Member]
    /// Names of the arrays, without `.npy`, in the order of the archive.
    public let names: [String]

    /// Opens an archive and checks its directory.
    ///
    /// - Throws: `NumPyError` for what is no archive, or one that contradicts itself.
    public init(path: String) throws(NumPyError) {
        let file = try FileInput(path: path)
        let directory: ZipDirectory
        do throws(ZipDirectory.Failure) {
            directory = try file.withBytes { (bytes) throws(ZipDirectory.Failure) in try ZipDirectory(bytes) }
        } catch {
            throw NumPyError(error.kind, path: path, array: error.member, error.reason)
        }
        self.file = file
        let arrays = directory.members.map { member in
            (member.name.hasSuffix(".npy") ? String(member.name.dropLast(4)) : member.name, member)
        }
        names = arrays.map(\.0)
        members = Dictionary(arrays) { first, _ in first }
    }

    /// Reads one array.
    ///
    /// - Throws: `NumPyError.Kind.noSuchArray`, or `corrupt` for damaged data.
    public func tensor(named name: String) throws(NumPyError) -> Tensor {
        guard let member = members[name] else {
            throw NumPyError(
                .noSuchArray, path: file.path, array: name, "missing; found " + names.sorted().joined(separator: ", "))
        }
        return try file.withBytes { (bytes) throws(NumPyError) in
            let stored = UnsafeRawBufferPointer(rebasing: bytes[member.data])
            if !member.isDeflated { return try decode(stored, member, name) }
            // The directory's sizes have been found believable; whether they can be had is another question.
            guard member.byteCount <= MachineMemory.byteCount else {
                throw NumPyError(
                    .corrupt, path: file.path, array: name, "would take \(member.byteCount) bytes of memory")
            }
            let inflated = try inflate(stored, byteCount: member.byteCount, name)
            let result = inflated.withUnsafeBytes { bytes in
                Result { () throws(NumPyError) in try decode(bytes, member, name) }
            }
            return try result.get()
        }
    }

    /// Reads all arrays.
    public func tensors() throws(NumPyError) -> [String: Tensor] {
        var result: [String: Tensor] = [:]
        for name in names { result[name] = try tensor(named: name) }
        return result
    }

    private func decode(
        _ bytes: UnsafeRawBufferPointer, _ member: ZipDirectory.Member, _ name: String
    ) throws(NumPyError) -> Tensor {
        guard checksum(bytes) == member.checksum else {
            throw NumPyError(.corrupt, path: file.path, array: name, "the checksum is wrong")
        }
        return try NumPyArray.decode(bytes, path: file.path, array: name)
    }

    private func inflate(
        _ input: UnsafeRawBufferPointer, byteCount: Int, _ name: String
    ) throws(NumPyError) -> [UInt8] {
        var stream = z_stream()
        // Negative: raw deflate, as zip has it.
        guard inflateInit2_(&stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw NumPyError(.io, path: file.path, array: name, "zlib does not start")
        }
        defer { inflateEnd(&stream) }
        var isComplete = false
        let result = [UInt8](unsafeUninitializedCapacity: byteCount) { output, count in
            var source = input[...]
            var status = Z_OK
            // zlib counts in 32 bits, so large members go through in pieces; it writes no more than it is told.
            while status == Z_OK || status == Z_BUF_ERROR {
                let piece = source.prefix(1 << 30)
                let room = min(output.count - count, 1 << 30)
                stream.next_in = UnsafeMutablePointer(
                    mutating: UnsafeRawBufferPointer(rebasing: piece).bindMemory(to: UInt8.self).baseAddress)
                stream.avail_in = UInt32(piece.count)
                stream.next_out = output.baseAddress.map { $0 + count }
                stream.avail_out = UInt32(room)
                status = CZlib.inflate(&stream, Z_NO_FLUSH)
                let consumed = piece.count - Int(stream.avail_in), written = room - Int(stream.avail_out)
                source = source.dropFirst(consumed)
                count += written
                if consumed == 0 && written == 0 { break }
            }
            isComplete = status == Z_STREAM_END && count == byteCount
        }
        guard isComplete else {
            throw NumPyError(.corrupt, path: file.path, array: name, "its deflated data are damaged")
        }
        return result
    }
}

/// The CRC-32 of zip.
func checksum(_ bytes: UnsafeRawBufferPointer, continuing start: UInt32 = 0) -> UInt32 {
    UInt32(truncatingIfNeeded: crc32_z(uLong(start), bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count))
}
