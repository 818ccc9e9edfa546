/// A file that is read from front to back: regular, a named pipe, a device, standard input.
///
/// A named pipe that nobody writes into is waited for, and said once (`onWaiting`).
package struct FileInput: ~Copyable {
    /// The file, as it was named.
    package let path: String
    private let descriptor: Int32
    /// Whether reading may have to wait for another program.
    private let mayWait: Bool
    private let isOwned: Bool

    /// Told once when a file does not give anything for a second, with its name: set by a program that shows messages,
    /// before it reads.
    package static let onWaiting = Lock<(@Sendable (String) -> Void)?>(nil)

    /// Opens a file.
    ///
    /// - Throws: `FileError` of kind `inputOutput` when it cannot be opened, or is a folder.
    package init(path: String) throws(FileError) {
        // O_NONBLOCK: a named pipe without a writer would stop us here without a word.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw FileError(path, errno: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
            close(descriptor)
            throw FileError(.inputOutput, path: path, "is a folder; give a file")
        }
        self.path = path
        self.descriptor = descriptor
        mayWait = status.st_mode & S_IFMT != S_IFREG
        isOwned = true
    }

    /// Reads from a descriptor that stays the caller's.
    ///
    /// - Parameter name: How it is called in messages: `standard input`.
    package init(descriptor: Int32, name: String) {
        path = name
        self.descriptor = descriptor
        mayWait = true
        isOwned = false
    }

    deinit { if isOwned { close(descriptor) } }

    /// Some of the next bytes, at most `count`; none at the end.
    ///
    /// - Throws: `FileError` of kind `inputOutput` when reading fails; of kind `cancelled` when the work was asked to
    ///   end while it waited.
    package func read(upTo count: Int, cancellation: Cancellation? = nil) throws(FileError) -> [UInt8] {
        while true {
            if mayWait { try wait(cancellation) }
            var code: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
                let status = systemRead(descriptor, buffer.baseAddress, count)
                code = status < 0 ? errno : 0
                written = max(status, 0)
            }
            if code == 0 { return bytes }
            guard code == EINTR || code == EAGAIN else { throw FileError(path, errno: code) }
        }
    }

    /// Returns when there is something to read, or will never be.
    private func wait(_ cancellation: Cancellation?) throws(FileError) {
        var waited = 0
        while true {
            var events = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            // Short enough for a wish to end; a poll costs microseconds.
            let ready = poll(&events, 1, Self.interval)
            if ready > 0 { return }
            if ready < 0, errno != EINTR { throw FileError(path, errno: errno) }
            if cancellation?.isRequested == true {
                throw FileError(.cancelled, path: path, "was not read to its end: the work was cancelled")
            }
            waited += 1
            if waited == 1000 / Int(Self.interval) { Self.onWaiting.withLock { $0 }?(path) }
        }
    }

    /// Milliseconds.
    private static let interval: Int32 = 200
}

// Inside the type, its own function of that name would be meant.
private func systemRead(_ descriptor: Int32, _ base: UnsafeMutablePointer<UInt8>?, _ count: Int) -> Int {
    read(descriptor, base, count)
}
