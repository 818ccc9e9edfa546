import Archives
import Files
import Platform
import Tensors

/// A `.npz` archive opened for reading: arrays by name.
package struct NumPyArchive: Sendable {
    private let file: MappedFile
    private let members: [String: ZipDirectory.Member]
    /// Names of the arrays, without `.npy`, in the order of the archive.
    package let names: [String]

    /// Opens an archive and checks its directory.
    ///
    /// - Throws: `FileError` for what is no archive, of kind `unsupported` for files of other programs, or for one that
    ///   contradicts itself.
    package init(path: String) throws(FileError) {
        let file = try MappedFile(path: path)
        // Sound files of another kind are named; what is none at all is damaged.
        let content = FileContent(file)
        if content.isForeign || [.text, .png, .jpeg, .safetensors, .webPage].contains(content) {
            throw FileError(
                .unsupported, path: path, "is \(content.name), not an .npz archive of arrays as numpy.savez writes it")
        }
        let directory: ZipDirectory
        do throws(ZipDirectory.Failure) {
            directory = try file.withUnsafeBytes { (bytes) throws(ZipDirectory.Failure) in try ZipDirectory(bytes) }
        } catch {
            throw FileError(error, path: path, array: error.member)
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
    /// - Throws: `ErrorKind.usage`, or `corrupt` for damaged data.
    package func tensor(named name: String) throws(FileError) -> Tensor {
        guard let member = members[name] else {
            throw FileError(
                .usage, path: file.path, array: name, "missing; found " + names.sorted().joined(separator: ", "))
        }
        return try file.withUnsafeBytes { (bytes) throws(FileError) in
            guard member.isDeflated else {
                // Stored arrays are read where they lie.
                let stored = UnsafeRawBufferPointer(rebasing: bytes[member.data])
                guard zipChecksum(stored) == member.checksum else {
                    throw FileError(.corrupt, path: file.path, array: name, "the checksum is wrong")
                }
                return try NumPyArray.decode(stored, path: file.path, array: name)
            }
            try check(member, named: name, in: bytes)
            let inflated: [UInt8]
            do throws(ZipDirectory.Failure) {
                inflated = try member.contents(of: bytes)
            } catch {
                throw FileError(error, path: file.path, array: name)
            }
            let result = inflated.withUnsafeBytes { bytes in
                Result { () throws(FileError) in try NumPyArray.decode(bytes, path: file.path, array: name) }
            }
            return try result.get()
        }
    }

    /// Refuses a compressed member that is not what its own array's header says, or more than this machine can hold,
    /// before it is inflated: a few kilobytes may stand for gigabytes.
    private func check(
        _ member: ZipDirectory.Member, named name: String, in bytes: UnsafeRawBufferPointer
    ) throws(FileError) {
        let head: [UInt8]
        do throws(ZipDirectory.Failure) {
            head = try member.prefix(Self.largestHeader, of: bytes)
        } catch {
            throw FileError(error, path: file.path, array: name)
        }
        let parsed = head.withUnsafeBytes { bytes in
            Result { () throws(NumPyHeader.Failure) in try NumPyHeader.parse(bytes) }
        }
        switch parsed {
        case .failure(let failure): throw FileError(failure.kind, path: file.path, array: name, failure.reason)
        case .success((let header, let start)):
            let wanted = start + header.shape.count * header.dtype.byteCount
            guard member.byteCount == wanted else {
                throw FileError(
                    .corrupt, path: file.path, array: name,
                    "\(member.byteCount) bytes for shape \(header.shape) of \(header.dtype), which takes \(wanted)")
            }
        }
        // Inflated and copied, twice the size at once.
        try checkMemory(for: member.byteCount, named: name)
    }

    private func checkMemory(for byteCount: Int, named name: String?) throws(FileError) {
        guard byteCount > MachineMemory.byteCount / 4 else { return }
        throw FileError(
            .unsupported, path: file.path, array: name,
            "would take \(byteCount) bytes of memory, too many for this machine; store it uncompressed (numpy.savez), "
                + "or in parts")
    }

    /// A header and the bytes before it.
    private static let largestHeader = (64 << 10) + 12

    /// Reads all arrays.
    package func tensors() throws(FileError) -> [String: Tensor] {
        // Each may be modest where all together are not. (No sum of sizes in one file overflows: a size is at most a
        // thousandfold of what is stored.)
        try checkMemory(for: members.values.reduce(0) { $0 + ($1.isDeflated ? $1.byteCount : 0) }, named: nil)
        var result: [String: Tensor] = [:]
        for name in names { result[name] = try tensor(named: name) }
        return result
    }
}

extension FileError {
    /// Something about one array of an archive.
    init(_ kind: ErrorKind, path: String, array: String?, _ reason: String) {
        self.init(kind, path: path, array.map { "array '\($0.printable)': \(reason)" } ?? reason)
    }

    /// What is wrong with the archive around the arrays.
    init(_ failure: ZipDirectory.Failure, path: String, array: String?) {
        self.init(failure.kind.errorKind, path: path, array: array, failure.reason)
    }
}
