import Foundation
import Inputs
import Testing

@Suite("Lines of text files")
struct TextLinesTests {
    @Test(
        "lines end at \\n, lose a \\r before it, and the last one needs no end",
        arguments: [
            ("", []), ("a", ["a"]), ("a\n", ["a"]), ("a\n\n", ["a", ""]), ("\n", [""]), ("a\r\nb\r\n", ["a", "b"]),
            ("a\rb\n", ["a\rb"]), ("a\nb\r", ["a", "b\r"]), ("\r\n\r\n", ["", ""]),
            ("é\u{2028}x\n😀", ["é\u{2028}x", "😀"]),
        ])
    func lines(text: String, expected: [String]) throws {
        try withFile(Array(text.utf8)) { path in
            var lines = try TextLines(path: path)
            var found: [String] = []
            while let line = try lines.next() { found.append(line) }
            #expect(found.map { Array($0.utf8) } == expected.map { Array($0.utf8) })
            #expect(lines.lineNumber == expected.count)
        }
    }

    @Test("lines are whole across the borders of the chunks that are read")
    func chunks() throws {
        let texts = (0..<90).map { String(repeating: "\($0)é", count: 1 + $0 * 251) }
        try withFile(Array(texts.joined(separator: "\n").utf8)) { path in
            var lines = try TextLines(path: path)
            for text in texts { #expect(try lines.next() == text) }
            #expect(try lines.next() == nil)
        }
    }

    @Test(
        "a line that is not UTF-8 is an error with path and number", arguments: [[0xFF], [0xC3], [0xED, 0xA0, 0x80]])
    func invalid(bytes: [UInt8]) throws {
        try withFile(Array("one\ntwo\nab".utf8) + bytes + [0x0A]) { path in
            var lines = try TextLines(path: path)
            _ = try lines.next()
            _ = try lines.next()
            do {
                _ = try lines.next()
                Issue.record("line 3 was read")
            } catch {
                #expect("\(error)".contains(path))
                #expect("\(error)".contains("line 3"))
                #expect("\(error)".contains("byte 3"))
            }
        }
    }

    @Test("a file that is not there is an error with its path")
    func missing() {
        do {
            _ = try TextLines(path: "/nowhere/texts.txt")
            Issue.record("was opened")
        } catch {
            #expect("\(error)".contains("/nowhere/texts.txt"))
        }
    }

    private func withFile(_ bytes: [UInt8], _ body: (String) throws -> Void) throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("texts-\(UUID().uuidString).txt")
        try Data(bytes).write(to: url)
        defer { try? FileManager.default.removeItem(at: url) }
        try body(url.path)
    }
}
