import Archives
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
            throw NumPyError(error, path: path, array: error.member)
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
            guard member.isDeflated else {
                // Stored arrays are read where they lie.
                let stored = UnsafeRawBufferPointer(rebasing: bytes[member.data])
                guard zipChecksum(stored) == member.checksum else {
                    throw NumPyError(.corrupt, path: file.path, array: name, "the checksum is wrong")
                }
                return try NumPyArray.decode(stored, path: file.path, array: name)
            }
            // The directory's sizes have been found believable; whether they can be had is another question.
            guard member.byteCount <= MachineMemory.byteCount else {
                throw NumPyError(
                    .corrupt, path: file.path, array: name, "would take \(member.byteCount) bytes of memory")
            }
            let inflated: [UInt8]
            do throws(ZipDirectory.Failure) {
                inflated = try member.contents(of: bytes)
            } catch {
                throw NumPyError(error, path: file.path, array: name)
            }
            let result = inflated.withUnsafeBytes { bytes in
                Result { () throws(NumPyError) in try NumPyArray.decode(bytes, path: file.path, array: name) }
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
}

extension NumPyError {
    /// What is wrong with the archive around the arrays.
    init(_ failure: ZipDirectory.Failure, path: String, array: String?) {
        self.init(failure.kind == .unsupported ? .unsupported : .corrupt, path: path, array: array, failure.reason)
    }
}
