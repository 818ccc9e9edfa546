import Platform

/// A file that is written from front to back, through a buffer for small pieces.
package struct FileOutput: ~Copyable {
    /// The file, as it was named.
    package let path: String
    private let system: FileSystem
    private var descriptor: Int32
    private var buffer: [UInt8] = []
    /// Bytes written so far.
    package private(set) var position = 0

    private static let bufferByteCount = 64 << 10

    /// Creates the file, or empties it.
    package init(path: String, on system: FileSystem = .system) throws(FileError) {
        descriptor = try FileSystem.naming(path) { () throws(FileSystem.Failure) in try system.truncate(path) }
        self.path = path
        self.system = system
    }

    deinit { if descriptor >= 0 { try? system.close(descriptor) } }

    /// Appends bytes.
    package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        position += bytes.count
        if buffer.count + bytes.count <= Self.bufferByteCount {
            buffer.append(contentsOf: bytes)
            return
        }
        try flush()
        try system.write(all: bytes, to: descriptor, of: path)
    }

    /// Appends bytes.
    package mutating func write(_ bytes: [UInt8]) throws(FileError) {
        try bytes.withBytes { (bytes) throws(FileError) in try write(bytes) }
    }

    /// Overwrites the first bytes of the file; what is written afterwards stands behind what was written before.
    package mutating func overwriteStart(with bytes: [UInt8]) throws(FileError) {
        try flush()
        try system.seek(descriptor, to: 0, of: path)
        try bytes.withBytes { (bytes) throws(FileError) in try system.write(all: bytes, to: descriptor, of: path) }
        try system.seek(descriptor, to: position, of: path)
    }

    /// Writes what is left and closes the file.
    package consuming func close() throws(FileError) {
        try flush()
        let closing = descriptor
        descriptor = -1
        try FileSystem.naming(path) { () throws(FileSystem.Failure) in try system.close(closing) }
    }

    private mutating func flush() throws(FileError) {
        let pending = buffer
        buffer.removeAll(keepingCapacity: true)
        try pending.withBytes { (bytes) throws(FileError) in try system.write(all: bytes, to: descriptor, of: path) }
    }
}
