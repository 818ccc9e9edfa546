import Files
import Platform
import Tokenization

/// The lines of a text file, read as they are asked for.
///
/// `\n` ends a line, and a `\r` before it goes with it. A last line without an end counts; an empty line is an empty
/// text. Memory holds one chunk of the file and the longest line. What `TextBytes` opens can be read: standard input
/// and compressed files too.
package struct TextLines: ~Copyable {
    private var bytes: TextBytes
    private let path: String
    private var buffer: [UInt8] = []
    /// Where the next line starts in the buffer.
    private var start = 0
    private var isAtEnd = false

    /// Lines read so far; while an error is being reported, the number of the line it is about.
    package private(set) var lineNumber = 0

    /// Longer “lines” come from files that are no text.
    private static let longestLine = 64 << 20

    /// Opens a file.
    ///
    /// - Throws: `FileError` when it cannot be opened.
    package init(path: String) throws(FileError) {
        self.path = path
        bytes = try TextBytes(path: path)
    }

    /// The next line without its end; `nil` after the last one.
    ///
    /// - Throws: `FileError` with the line's number when it is not UTF-8, or too long; or when reading fails.
    package mutating func next() throws(FileError) -> String? {
        var searched = start
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0A) {
                return try take(to: end, skipping: 1)
            }
            if isAtEnd {
                return start < buffer.count ? try take(to: buffer.count, skipping: 0) : nil
            }
            searched = buffer.count - start
            guard searched <= TextLines.longestLine else {
                throw FileError(
                    .usage, path: path,
                    "line \(lineNumber + 1) is longer than \(TextLines.longestLine >> 20) MiB; give one text a line")
            }
            try fill()
        }
    }

    private mutating func take(to end: Int, skipping terminator: Int) throws(FileError) -> String {
        lineNumber += 1
        let hasReturn = terminator == 1 && end > start && buffer[end - 1] == 0x0D
        let line = buffer[start..<(hasReturn ? end - 1 : end)]
        if let invalid = firstInvalidUTF8(in: line) {
            if lineNumber == 1, let content = FileContent.ofBinary(buffer[start...]) {
                throw FileError(
                    .unsupported, path: path, "is \(content), and texts are wanted",
                    remedy: "give a text file in UTF-8, one text a line, or a table (.csv, .tsv, .jsonl)")
            }
            throw FileError(
                .usage, path: path,
                "line \(lineNumber) is not UTF-8 (byte \(invalid - start + 1) of it); save the file as UTF-8")
        }
        start = end + terminator
        return String(decoding: line, as: UTF8.self)
    }

    /// Moves the unread rest to the front and appends the next chunk.
    private mutating func fill() throws(FileError) {
        buffer.removeSubrange(..<start)
        start = 0
        let chunk = try bytes.next()
        if chunk.isEmpty { isAtEnd = true } else { buffer.append(contentsOf: chunk) }
    }
}
