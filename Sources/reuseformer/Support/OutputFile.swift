import HDF5

/// Files that the command writes: complete under their name, or not there at all.
enum OutputFile {
    /// Refuses to overwrite what somebody else may need.
    ///
    /// - Throws: A usage error when the file exists and `force` is not given, or when the name means something else.
    static func check(_ path: String, force: Bool) throws {
        guard !path.isEmpty else { throw CommandError.usage("the name of the output file is empty") }
        switch PathKind(path) {
        case .nothing: return
        case .folder: throw CommandError.inputOutput("\(path) is a folder; give the name of a file")
        case .file:
            guard force else { throw CommandError.inputOutput("\(path) exists; give --force to overwrite it") }
        }
    }

    /// Writes a whole file.
    static func write(_ bytes: [UInt8], to path: String, force: Bool) throws {
        try check(path, force: force)
        var file = try AtomicFile(replacing: path)
        try file.write(bytes)
        try file.commit()
    }

    /// Removes what is half-written: called when the process is about to end.
    static func discardAllPartials() { AtomicFile.removePending() }
}
