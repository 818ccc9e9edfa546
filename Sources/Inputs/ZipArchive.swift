import Archives

/// Looks into zip archives that hold something else than arrays, such as `.keras`.
public enum ZipArchive {
    /// Where the bytes of an uncompressed member lie in the file.
    ///
    /// - Returns: `nil` when the archive has no such member.
    /// - Throws: `NumPyError` for what is no sound archive, and for a compressed member.
    public static func storedMember(named name: String, ofFileAt path: String) throws(NumPyError) -> Range<Int>? {
        let file = try FileInput(path: path)
        let directory: ZipDirectory
        do throws(ZipDirectory.Failure) {
            directory = try file.withBytes { (bytes) throws(ZipDirectory.Failure) in try ZipDirectory(bytes) }
        } catch {
            throw NumPyError(error, path: path, array: error.member)
        }
        guard let member = directory.members.first(where: { $0.name == name }) else { return nil }
        guard !member.isDeflated else {
            throw NumPyError(.unsupported, path: path, array: name, "compressed inside the archive; unpack it first")
        }
        return member.data
    }
}
