import Platform

/// Rows of fields with a character between them, as RFC 4180 has them.
///
/// A field may stand in quotes; separators, line ends and doubled quotes are a part of it then. Rows end at `\n`,
/// `\r\n` or `\r`; empty lines are passed over. What the format does not allow, and readers take in several ways (text
/// behind a closing quote, a quote that is never closed), is an error with its line.
struct SeparatedRecords: ~Copyable {
    private var source: TextBytes
    private let path: String
    private let separator: UInt8
    private var buffer: [UInt8] = []
    private var position = 0
    /// The line that is being read, from 1 on.
    private var line = 1

    /// The line that the row starts in.
    private var recordLine = 0

    /// A longer row comes from a file that is no table.
    private static let longestRow = 64 << 20

    private static let quote = UInt8(ascii: "\""), newline: UInt8 = 0x0A, carriageReturn: UInt8 = 0x0D

    init(path: String, separator: UInt8) throws(FileError) {
        self.path = path
        self.separator = separator
        source = try TextBytes(path: path)
    }

    /// The next row and the line that it starts in; `nil` after the last one.
    mutating func next() throws(FileError) -> (line: Int, fields: [String])? {
        while let byte = try peek(), byte == Self.newline || byte == Self.carriageReturn { try endRow() }
        guard try peek() != nil else { return nil }
        recordLine = line
        var fields: [String] = []
        var size = 0
        while true {
            let field = try self.field()
            size += field.count
            guard size <= Self.longestRow else {
                throw problem("is longer than \(Self.longestRow >> 20) MiB: a quote may be missing")
            }
            if let invalid = firstInvalidUTF8(in: field[...]) {
                throw problem("is not UTF-8 (byte \(invalid + 1) of field \(fields.count + 1)); save the file as UTF-8")
            }
            fields.append(String(decoding: field, as: UTF8.self))
            guard try peek() == separator else { break }
            position += 1
        }
        if try peek() != nil { try endRow() }
        return (recordLine, fields)
    }

    /// The next byte, not taken; `nil` at the end.
    private mutating func peek() throws(FileError) -> UInt8? {
        if position == buffer.count {
            buffer = try source.next()
            position = 0
        }
        return position < buffer.count ? buffer[position] : nil
    }

    /// Takes a line end.
    private mutating func endRow() throws(FileError) {
        let first = try peek()
        position += 1
        if first == Self.carriageReturn, try peek() == Self.newline { position += 1 }
        line += 1
    }

    /// The bytes of a field; what ends it is left.
    private mutating func field() throws(FileError) -> [UInt8] {
        var field: [UInt8] = []
        guard try peek() != Self.quote else { return try quotedField() }
        let separator = separator
        while try peek() != nil {
            let rest = buffer[position...]
            let end = rest.firstIndex { $0 == separator || $0 == Self.newline || $0 == Self.carriageReturn }
            field += rest[..<(end ?? buffer.count)]
            position = end ?? buffer.count
            guard end == nil, field.count <= Self.longestRow else { break }
        }
        return field
    }

    private mutating func quotedField() throws(FileError) -> [UInt8] {
        let opening = line
        var field: [UInt8] = []
        position += 1
        while let byte = try peek() {
            if byte == Self.quote {
                position += 1
                guard try peek() == Self.quote else { return try closed(field) }
                position += 1
                field.append(Self.quote)
                continue
            }
            let rest = buffer[position...]
            let end = rest.firstIndex(of: Self.quote) ?? buffer.count
            field += rest[..<end]
            line += rest[..<end].count { $0 == Self.newline }
            position = end
            guard field.count <= Self.longestRow else { break }
        }
        throw FileError(
            .usage, path: path, "line \(opening): the quote that opens a field there is never closed; close it")
    }

    /// What may follow a closing quote: a separator, a line end, nothing.
    private mutating func closed(_ field: [UInt8]) throws(FileError) -> [UInt8] {
        let next = try peek()
        guard next == nil || next == separator || next == Self.newline || next == Self.carriageReturn else {
            throw problem(
                "a field goes on after its closing quote; quotes inside a quoted field are doubled (\"\")")
        }
        return field
    }

    /// What is wrong with the row that is being read.
    private func problem(_ text: String) -> FileError {
        FileError(.usage, path: path, "line \(recordLine): \(text)")
    }
}
