#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A file that is written from front to back, through a buffer for small pieces.
struct FileOutput: ~Copyable {
    let path: String
    private var descriptor: Int32
    private var buffer: [UInt8] = []
    /// Bytes written so far.
    private(set) var position = 0

    /// Creates the file, or empties it.
    init(path: String) throws(NumPyError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw NumPyError(.io, path: path, systemMessage()) }
        self.path = path
        self.descriptor = descriptor
    }

    deinit { if descriptor >= 0 { _ = systemClose(descriptor) } }

    /// Appends bytes.
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(NumPyError) {
        position += bytes.count
        if buffer.count + bytes.count <= 64 << 10 {
            buffer.append(contentsOf: bytes)
            return
        }
        try flush()
        try writeThrough(bytes)
    }

    /// Appends bytes.
    mutating func write(_ bytes: [UInt8]) throws(NumPyError) {
        let result = bytes.withUnsafeBytes { buffer in Result { () throws(NumPyError) in try write(buffer) } }
        try result.get()
    }

    /// Overwrites the first bytes of the file.
    mutating func overwriteStart(with bytes: [UInt8]) throws(NumPyError) {
        try flush()
        guard pwrite(descriptor, bytes, bytes.count, 0) == bytes.count else {
            throw NumPyError(.io, path: path, systemMessage())
        }
    }

    /// Writes what is left and closes the file.
    consuming func close() throws(NumPyError) {
        try flush()
        let closing = descriptor
        descriptor = -1
        guard systemClose(closing) == 0 else { throw NumPyError(.io, path: path, systemMessage()) }
    }

    private mutating func flush() throws(NumPyError) {
        let pending = buffer
        buffer.removeAll(keepingCapacity: true)
        let result = pending.withUnsafeBytes { bytes in
            Result { () throws(NumPyError) in try writeThrough(bytes) }
        }
        try result.get()
    }

    private func writeThrough(_ bytes: UnsafeRawBufferPointer) throws(NumPyError) {
        var rest = bytes
        while !rest.isEmpty {
            let written = systemWrite(descriptor, rest.baseAddress, rest.count)
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { throw NumPyError(.io, path: path, systemMessage()) }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
        }
    }
}

/// The system's text for the error that has just occurred.
func systemMessage() -> String { String(cString: strerror(errno)) }

// Inside the type, its own members of the same names would be meant.
private func systemClose(_ descriptor: Int32) -> Int32 { close(descriptor) }
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
