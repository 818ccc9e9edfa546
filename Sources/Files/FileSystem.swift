import Platform

/// The system calls that writing a file takes, as values, so that a test can make any of them fail.
///
/// Each returns what the system call returns, or throws the error number.
package struct FileSystem: Sendable {
    /// The number of a failed system call.
    package struct Failure: Error, Sendable, Hashable {
        /// As in `errno`.
        package let code: Int32

        package init(code: Int32) { self.code = code }
    }

    /// Creates a file that must not exist, and gives its descriptor.
    package var create: @Sendable (_ path: String) throws(Failure) -> Int32
    /// Creates a file for writing, or empties the one that is there, and gives its descriptor.
    package var truncate: @Sendable (_ path: String) throws(Failure) -> Int32
    /// Writes some of the bytes and gives their number.
    package var write: @Sendable (_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(Failure) -> Int
    /// Goes on writing at a byte, counted from the start of the file.
    package var seek: @Sendable (_ descriptor: Int32, _ offset: Int) throws(Failure) -> Void
    /// Brings a file's contents to the disk.
    package var synchronize: @Sendable (_ path: String) throws(Failure) -> Void
    /// Closes a descriptor.
    package var close: @Sendable (_ descriptor: Int32) throws(Failure) -> Void
    /// Gives a file another name, replacing what has it.
    package var rename: @Sendable (_ from: String, _ to: String) throws(Failure) -> Void
    /// Gives a file another name that none has yet; fails with `EEXIST` where one has it.
    package var renameNew: @Sendable (_ from: String, _ to: String) throws(Failure) -> Void
    /// Removes a file.
    package var remove: @Sendable (_ path: String) throws(Failure) -> Void
    /// Names in a folder, in any order.
    package var list: @Sendable (_ folder: String) throws(Failure) -> [String]

    package init(
        create: @escaping @Sendable (String) throws(Failure) -> Int32,
        truncate: @escaping @Sendable (String) throws(Failure) -> Int32,
        write: @escaping @Sendable (Int32, UnsafeRawBufferPointer) throws(Failure) -> Int,
        seek: @escaping @Sendable (Int32, Int) throws(Failure) -> Void,
        synchronize: @escaping @Sendable (String) throws(Failure) -> Void,
        close: @escaping @Sendable (Int32) throws(Failure) -> Void,
        rename: @escaping @Sendable (String, String) throws(Failure) -> Void,
        renameNew: @escaping @Sendable (String, String) throws(Failure) -> Void,
        remove: @escaping @Sendable (String) throws(Failure) -> Void,
        list: @escaping @Sendable (String) throws(Failure) -> [String]
    ) {
        self.create = create
        self.truncate = truncate
        self.write = write
        self.seek = seek
        self.synchronize = synchronize
        self.close = close
        self.rename = rename
        self.renameNew = renameNew
        self.remove = remove
        self.list = list
    }

    /// The real one.
    package static let system = FileSystem(
        create: { path throws(Failure) in
            try retrying { open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) }
        },
        truncate: { path throws(Failure) in
            try retrying { open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666) }
        },
        write: { descriptor, bytes throws(Failure) in
            try retrying { systemWrite(descriptor, bytes.baseAddress, bytes.count) }
        },
        seek: { descriptor, offset throws(Failure) in
            _ = try retrying { lseek(descriptor, off_t(offset), SEEK_SET) }
        },
        synchronize: { path throws(Failure) in
            let descriptor = try retrying { open(path, O_RDONLY | O_CLOEXEC) }
            let status = fsync(descriptor)
            let code = errno
            _ = systemClose(descriptor)
            // Some network and pipe-like file systems have nothing to synchronise.
            guard status == 0 || code == EINVAL || code == ENOTSUP else { throw Failure(code: code) }
        },
        close: { descriptor throws(Failure) in
            // After EINTR the descriptor is closed on Linux; asking again could close another file.
            guard systemClose(descriptor) == 0 || errno == EINTR else { throw Failure(code: errno) }
        },
        rename: { from, to throws(Failure) in _ = try retrying { systemRename(from, to) } },
        renameNew: { from, to throws(Failure) in try renameWithoutReplacing(from, to) },
        remove: { path throws(Failure) in _ = try retrying { unlink(path) } },
        list: { folder throws(Failure) in
            guard let stream = opendir(folder) else { throw Failure(code: errno) }
            defer { closedir(stream) }
            var names: [String] = []
            while let entry = readdir(stream) {
                names.append(
                    withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
                )
            }
            return names
        })

    /// A rename that fails where the new name is taken: a second name and the end of the first, which no other program
    /// can come between; on file systems without second names a look before the rename.
    private static func renameWithoutReplacing(_ from: String, _ to: String) throws(Failure) {
        if link(from, to) == 0 {
            // Under its new name the file is complete: an old name that stays is no failure.
            unlink(from)
            return
        }
        // FAT, some network folders.
        guard [EPERM, ENOTSUP, EOPNOTSUPP, ENOSYS, EMLINK].contains(errno) else { throw Failure(code: errno) }
        guard access(to, F_OK) != 0 else { throw Failure(code: EEXIST) }
        _ = try retrying { systemRename(from, to) }
    }

    private static func retrying<Result: SignedInteger>(_ call: () -> Result) throws(Failure) -> Result {
        while true {
            let result = call()
            if result >= 0 { return result }
            guard errno == EINTR else { throw Failure(code: errno) }
        }
    }
}

extension FileSystem {
    /// Runs a call; what fails becomes an error that names a file.
    static func naming<Result>(
        _ path: String, _ call: () throws(Failure) -> Result
    ) throws(FileError) -> Result {
        do throws(Failure) { return try call() } catch { throw FileError(path, errno: error.code) }
    }

    /// Writes all of the bytes, in as many calls as that takes.
    ///
    /// - Parameter path: Name of the file, for the error.
    func write(all bytes: UnsafeRawBufferPointer, to descriptor: Int32, of path: String) throws(FileError) {
        var rest = bytes
        while !rest.isEmpty {
            let written = try Self.naming(path) { () throws(Failure) in
                let written = try write(descriptor, rest)
                guard written > 0 else { throw Failure(code: EIO) }
                return written
            }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
        }
    }

    /// Goes on writing at a byte, counted from the start of the file.
    func seek(_ descriptor: Int32, to offset: Int, of path: String) throws(FileError) {
        try Self.naming(path) { () throws(Failure) in try seek(descriptor, offset) }
    }
}

// Inside the closures above, the members of the same names would be meant.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
private func systemClose(_ descriptor: Int32) -> Int32 { close(descriptor) }
private func systemRename(_ from: String, _ to: String) -> Int32 { rename(from, to) }
