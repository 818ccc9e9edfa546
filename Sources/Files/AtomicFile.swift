import Platform

/// A file that appears under its name complete or not at all.
///
///     var file = try AtomicFile(replacing: "model.reuse.h5")
///     …write to file.temporaryPath, or by file.write(_:)…
///     try file.commit()
///
/// What is written goes to `.NAME.reuseformer-PID.partial` in the same folder. A value that goes away without
/// `commit()` takes the temporary file with it; what a killed process has left is removed by the next one that writes
/// the same target.
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
        let temporaryPath = folder + "/" + Self.temporaryName(for: name, process: getpid())
        Self.removeStrays(of: name, in: folder, system)
        let descriptor = try FileSystem.naming(path) { () throws(FileSystem.Failure) in try system.create(temporaryPath)
        }
        self.path = path
        self.temporaryPath = temporaryPath
        self.system = system
        self.descriptor = descriptor
        Self.pending.withLock { _ = $0.insert(temporaryPath) }
    }

    deinit {
        if descriptor >= 0 { try? system.close(descriptor) }
        if !isCommitted {
            try? system.remove(temporaryPath)
            let temporary = temporaryPath
            Self.pending.withLock { _ = $0.remove(temporary) }
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
    package consuming func commit() throws(FileError) {
        let closing = descriptor
        descriptor = -1
        do throws(FileSystem.Failure) {
            try system.close(closing)
            try system.synchronize(temporaryPath)
            try system.rename(temporaryPath, path)
        } catch {
            throw FileError(path, errno: error.code)
        }
        isCommitted = true
        let temporary = temporaryPath
        Self.pending.withLock { _ = $0.remove(temporary) }
        // The name itself is safe only when the folder is; failing here leaves a complete file.
        try? system.synchronize(PathParts(path).folder)
    }

    // MARK: Leftovers

    private static let pending = Lock<Set<String>>([])

    /// Removes the temporary files of all values that are neither committed nor gone: for a process that is about to
    /// end on a signal. Not to be called from the signal handler itself.
    package static func removePending() {
        let paths = pending.withLock { paths in
            defer { paths.removeAll() }
            return paths
        }
        for path in paths { unlink(path) }
    }

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
                ? !pending.withLock { $0.contains(path) } : kill(process, 0) != 0 && errno == ESRCH
            if isGone { try? system.remove(path) }
        }
    }
}
