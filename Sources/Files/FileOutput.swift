import Platform

/// A file that is written from front to back, through a buffer for small pieces.
package struct FileOutput: ~Copyable {
    package let path: String
    private var descriptor: Int32
    private var buffer: [UInt8] = []
    /// Bytes written so far.
    package private(set) var position = 0

    /// Creates the file, or empties it.
    package init(path: String) throws(FileError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw FileError(path, errno: errno) }
        self.path = path
        self.descriptor = descriptor
    }

    deinit { if descriptor >= 0 { _ = systemClose(descriptor) } }

    /// Appends bytes.
    package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        position += bytes.count
        if buffer.count + bytes.count <= 64 << 10 {
            buffer.append(contentsOf: bytes)
            return
        }
        try flush()
        try writeThrough(bytes)
    }

    /// Appends bytes.
    package mutating func write(_ bytes: [UInt8]) throws(FileError) {
        let result = bytes.withUnsafeBytes { buffer in Result { () throws(FileError) in try write(buffer) } }
        try result.get()
    }

    /// Overwrites the first bytes of the file.
    package mutating func overwriteStart(with bytes: [UInt8]) throws(FileError) {
        try flush()
        guard pwrite(descriptor, bytes, bytes.count, 0) == bytes.count else {
            throw FileError(path, errno: errno)
        }
    }

    /// Writes what is left and closes the file.
    package consuming func close() throws(FileError) {
        try flush()
        let closing = descriptor
        descriptor = -1
        guard systemClose(closing) == 0 else { throw FileError(path, errno: errno) }
    }

    private mutating func flush() throws(FileError) {
        let pending = buffer
        buffer.removeAll(keepingCapacity: true)
        let result = pending.withUnsafeBytes { bytes in
            Result { () throws(FileError) in try writeThrough(bytes) }
        }
        try result.get()
    }

    private func writeThrough(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var rest = bytes
        while !rest.isEmpty {
            let written = systemWrite(descriptor, rest.baseAddress, rest.count)
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { throw FileError(path, errno: errno) }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
        }
    }
}

// Inside the type, its own members of the same names would be meant.
private func systemClose(_ descriptor: Int32) -> Int32 { close(descriptor) }
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
