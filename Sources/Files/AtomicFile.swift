import Platform

/// A file that appears under its name complete or not at all.
///
///     var file = try AtomicFile(replacing: "model.reuse.h5")
///     …write to file.temporaryPath, or by file.write(_:)…
///     try file.commit()
///
/// What is written goes to `.NAME.reuseformer-PID.partial` in the same folder. A value that goes away without
/// `commit()` takes the temporary file with it; what a killed process has left is removed by the next one that writes
/// the same target. A file that stands under the name is replaced, unless the name was claimed as a new one (`claim`).
package struct AtomicFile: ~Copyable {
    /// Where the file will stand.
    package let path: String
    /// Where it is written until then.
    package let temporaryPath: String
    private let system: FileSystem
    private var descriptor: Int32
    private var isCommitted = false

    /// Creates the temporary file.
    ///
    /// - Throws: `FileError` when the folder does not exist or may not be written.
    package init(replacing path: String, on system: FileSystem = .system) throws(FileError) {
        let parts = PathParts(path)
        let (folder, name) = (parts.folder, parts.name)
        guard !name.isEmpty, name != ".", name != ".." else {
            throw FileError(.inputOutput, path: path, "not the name of a file")
        }
        // A pipe or a device would be replaced by a file, and stay without what it waits for.
        var status = stat()
        if stat(path, &status) == 0, ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT) {
            throw FileError(
                .inputOutput, path: path, "is no regular file but a pipe or a device; give the name of a file")
        }
        let temporaryPath = folder + "/" + Self.temporaryName(for: name, process: getpid())
        Self.removeStrays(of: name, in: folder, system)
        let descriptor = try FileSystem.naming(path) { () throws(FileSystem.Failure) in try system.create(temporaryPath)
        }
        self.path = path
        self.temporaryPath = temporaryPath
        self.system = system
        self.descriptor = descriptor
        PendingFiles.insert(temporaryPath)
    }

    deinit {
        if descriptor >= 0 { try? system.close(descriptor) }
        if !isCommitted {
            try? system.remove(temporaryPath)
            PendingFiles.remove(temporaryPath)
        }
    }

    /// Continues writing at a byte, counted from the start of the file: for parts that are known only at the end.
    package mutating func seek(to offset: Int) throws(FileError) {
        try system.seek(descriptor, to: offset, of: path)
    }

    /// Writes bytes behind those written before.
    package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        try system.write(all: bytes, to: descriptor, of: path)
    }

    /// Writes bytes behind those written before.
    package mutating func write(_ bytes: [UInt8]) throws(FileError) {
        try bytes.withBytes { (bytes) throws(FileError) in try write(bytes) }
    }

    /// Brings the contents to the disk and gives the file its name, replacing what stood there.
    ///
    /// - Throws: `FileError` of kind `inputOutput`; also where the name was claimed as a new one and is taken by now.
    package consuming func commit() throws(FileError) {
        let closing = descriptor
        descriptor = -1
        let path = path
        do throws(FileSystem.Failure) {
            try system.close(closing)
            try system.synchronize(temporaryPath)
            if Self.claimed.withLock({ $0.contains(path) }) {
                try system.renameNew(temporaryPath, path)
                // From here on it is ours to replace.
                Self.claimed.withLock { _ = $0.remove(path) }
            } else {
                try system.rename(temporaryPath, path)
            }
        } catch  where error.code == EEXIST {
            throw FileError(
                .inputOutput, path: path,
                "another program has written a file of this name meanwhile; it stays as it is: give another name")
        } catch {
            throw FileError(path, errno: error.code)
        }
        isCommitted = true
        PendingFiles.remove(temporaryPath)
        // The name itself is safe only when the folder is; failing here leaves a complete file.
        try? system.synchronize(PathParts(path).folder)
    }

    // MARK: Leftovers

    /// Removes the temporary files of all values that are neither committed nor gone: for a process that is about to
    /// end. A signal handler may call it after `prepareForSignals()`.
    package static func removePending() { PendingFiles.unlinkAll() }

    /// Makes what `removePending()` reads. Called before signal handlers are installed.
    package static func prepareForSignals() { PendingFiles.prepare() }

    // MARK: Names that must be new

    private static let claimed = Lock<Set<String>>([])

    /// From now on a file is put under this name only where none stands there: for a program that has told its user
    /// that it overwrites nothing, however long its work takes.
    package static func claim(_ path: String) { claimed.withLock { _ = $0.insert(path) } }

    static func temporaryName(for name: String, process: pid_t) -> String { ".\(name).reuseformer-\(process).partial" }

    /// Removes temporary files for the same target whose process is no more.
    private static func removeStrays(of name: String, in folder: String, _ system: FileSystem) {
        guard let names = try? system.list(folder) else { return }
        let prefix = ".\(name).reuseformer-", suffix = ".partial"
        for candidate in names where candidate.hasPrefix(prefix) && candidate.hasSuffix(suffix) {
            let number = candidate.dropFirst(prefix.count).dropLast(suffix.count)
            guard let process = pid_t(number), process > 0 else { continue }
            let path = folder + "/" + candidate
            // Of our own number, but not ours: left by a process that had the number before.
            let isGone =
                process == getpid()
                ? !PendingFiles.contains(path) : kill(process, 0) != 0 && errno == ESRCH
            if isGone { try? system.remove(path) }
        }
    }
}
