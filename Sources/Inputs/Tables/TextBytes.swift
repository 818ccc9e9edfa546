import Archives
import Platform

/// The bytes of a text file, a piece at a time: of standard input too (`-`), decompressed where they are gzip or zstd,
/// and without the mark of UTF-8 that some editors put first.
package struct TextBytes: ~Copyable {
    /// What stands for standard input.
    package static let standardInput = "-"

    private let input: FileInput
    private let path: String
    private let cancellation: Cancellation?
    private var decompressor: StreamDecompressor?
    private var isAtStart = true
    private var isAtEnd = false

    private static let chunkSize = 1 << 20

    /// Opens a file.
    ///
    /// - Parameter cancellation: Ends the waiting for a pipe.
    /// - Throws: `FileError` when it cannot be opened.
    package init(path: String, cancellation: Cancellation? = nil) throws(FileError) {
        self.path = path
        self.cancellation = cancellation
        if path == Self.standardInput {
            input = FileInput(descriptor: STDIN_FILENO, name: "standard input")
        } else {
            input = try FileInput(path: path)
        }
    }

    /// The next bytes; empty after the last ones.
    ///
    /// - Throws: `FileError` when reading fails, or compressed data are damaged.
    package mutating func next() throws(FileError) -> [UInt8] {
        guard isAtStart else { return try decoded() }
        isAtStart = false
        var head = try read()
        // A pipe may give a byte at a time, and the first four say what the file is.
        while head.count < 4 {
            let piece = try read()
            guard !piece.isEmpty else { break }
            head += piece
        }
        if let method = StreamDecompressor.Method(head) {
            do throws(StreamDecompressor.Failure) {
                let new = try StreamDecompressor(method)
                new.append(head)
                decompressor = new
            } catch { throw damaged }
            return Self.withoutMark(try decoded())
        }
        return Self.withoutMark(head)
    }

    /// Everything.
    ///
    /// - Throws: `FileError` as `next()` does, and for more than 2 GiB.
    package static func contents(of path: String) throws(FileError) -> [UInt8] {
        var bytes = try TextBytes(path: path)
        var result: [UInt8] = []
        while true {
            let piece = try bytes.next()
            guard !piece.isEmpty else { return result }
            result += piece
            guard result.count <= 1 << 31 else {
                throw FileError(.usage, path: path, "holds more than 2 GiB of text; split it")
            }
        }
    }

    private static func withoutMark(_ bytes: [UInt8]) -> [UInt8] {
        bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    }

    private var damaged: FileError {
        FileError(.corrupt, path: path, "its compressed data are damaged or cut off; fetch the file again")
    }

    private mutating func decoded() throws(FileError) -> [UInt8] {
        guard let decompressor else { return try read() }
        while true {
            do throws(StreamDecompressor.Failure) {
                if let piece = try decompressor.next() { return piece }
            } catch { throw damaged }
            let piece = try read()
            if piece.isEmpty {
                guard decompressor.isComplete else { throw damaged }
                return []
            }
            decompressor.append(piece)
        }
    }

    private mutating func read() throws(FileError) -> [UInt8] {
        guard !isAtEnd else { return [] }
        let chunk = try input.read(upTo: Self.chunkSize, cancellation: cancellation)
        isAtEnd = chunk.isEmpty
        return chunk
    }
}
