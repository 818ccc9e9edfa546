import Foundation
import JSON
import Platform
import Testing

/// Values of every kind that documents have, nested.
private struct Sample: Codable, Equatable {
    enum Kind: String, Codable { case small, large }

    struct Inner: Codable, Equatable {
        var number: Double
        var single: Float?
        var list: [[Int8]]
    }

    var text: String
    var flag: Bool
    var kind: Kind
    var count: UInt64
    var inner: [String: Inner]
    var numbered: [Int: Float]
    var missing: Int?
    var nothing: [Inner]
    var any: JSONValue
}

@Suite("Documents of ours")
struct DocumentCodingTests {
    /// As these documents were written at first: Foundation's own encoder.
    private static func byFoundation(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
    }

    private static func text(_ value: some Encodable) throws -> String {
        String(decoding: try Document.encode(value), as: UTF8.self)
    }

    private static func random(_ generator: inout SplitMix) -> Sample {
        let scalars = "aZ9/\\\"\u{1}\u{8}\u{C}\n\r\t\u{1B}\u{7F}\u{85}\u{2028}\u{FEFF}é漢😀e\u{301}".unicodeScalars
        func text(_ generator: inout SplitMix) -> String {
            let count = generator.next(below: 9)
            return String(
                String.UnicodeScalarView((0..<count).map { _ in Array(scalars)[generator.next(below: scalars.count)] }))
        }
        func number(_ generator: inout SplitMix) -> Double {
            // Every exponent, whole numbers, and short decimals.
            switch generator.next(below: 3) {
            case 0:
                let number = Double(bitPattern: generator.next())
                return number.isFinite ? number : 0
            case 1: return Double(generator.next(below: 2000) - 1000)
            default: return Double(generator.next(below: 100_000)) / 1000
            }
        }
        var inner: [String: Sample.Inner] = [:], numbered: [Int: Float] = [:]
        for _ in 0..<generator.next(below: 6) {
            let isSingle = generator.next(below: 2) == 0
            let list = (0..<generator.next(below: 3)).map { length in
                (0..<length).map { _ in Int8(truncatingIfNeeded: generator.next()) }
            }
            let single = Float(number(&generator))
            inner[text(&generator)] = .init(
                number: number(&generator), single: isSingle && single.isFinite ? single : nil, list: list)
            numbered[generator.next(below: 1000)] = Float(generator.next(below: 1000)) / 7
        }
        return Sample(
            text: text(&generator), flag: generator.next(below: 2) == 0,
            kind: generator.next(below: 2) == 0 ? .small : .large, count: generator.next(), inner: inner,
            numbered: numbered, missing: generator.next(below: 2) == 0 ? 3 : nil, nothing: [],
            any: .array([
                .null, .bool(true), .integer(-7), .number(0.1), .string(text(&generator)), .object([:]), .array([]),
            ]))
    }

    @Test("a document has the bytes that Foundation's encoder gives it, and reads back as what it was")
    func likeFoundation() throws {
        var generator = SplitMix(seed: 7)
        for _ in 0..<300 {
            let sample = Self.random(&generator)
            #expect(try Self.text(sample) == Self.byFoundation(sample))
            #expect(try Document.decode(Sample.self, from: try Document.encode(sample)) == sample)
        }
        #expect(try Self.text([String]()) == Self.byFoundation([String]()))
        #expect(try Self.text("x") == Self.byFoundation("x"))
        #expect(try Self.text(Double(5)) == Self.byFoundation(Double(5)))
        #expect(try Self.text([Int?.none, 1]) == Self.byFoundation([Int?.none, 1]))
    }

    @Test("what is read is what Foundation's decoder reads")
    func readLikeFoundation() throws {
        var generator = SplitMix(seed: 11)
        for _ in 0..<200 {
            let bytes = Array(try Self.byFoundation(Self.random(&generator).inner).utf8)
            let expected = try JSONDecoder().decode([String: Sample.Inner].self, from: Data(bytes))
            #expect(try Document.decode([String: Sample.Inner].self, from: bytes) == expected)
        }
    }

    @Test(
        "whole numbers are read exactly, or refused with what was expected",
        arguments: [
            ("7", 7, nil), ("7.0", 7, nil), ("-1e2", -100, nil), ("127", 127, nil), ("-128", -128, nil),
            ("128", nil, "a whole number from -128 to 127 was expected, not 128"), ("7.5", nil, "not 7.5"),
            ("\"7\"", nil, "not \"7\""), ("true", nil, "not true"), ("[]", nil, "not a list"), ("null", nil, "is null"),
        ] as [(String, Int8?, String?)])
    func wholeNumbers(text: String, value: Int8?, message: String?) {
        do throws(Document.ReadError) {
            let read = try Document.decode([Int8].self, from: Array("[\(text)]".utf8))
            #expect(read == [value])
            #expect(message == nil)
        } catch {
            #expect(error.description.hasPrefix("line 1 column 2, [0]: "))
            #expect(message.map(error.message.contains) == true, "\(error)")
        }
    }

    @Test("characters that steer a terminal are escaped where a document goes to one, and mean the same")
    func forTerminals() throws {
        let value = ["\u{9B}31m\u{202E}": "\u{7F}\u{E0041}é"]
        let text = String(decoding: try Document.encode(value, isForTerminal: true), as: UTF8.self)
        #expect(text == "{\n  \"\\u009b31m\\u202e\" : \"\\u007f\\udb40\\udc41é\"\n}\n")
        #expect(try Document.decode([String: String].self, from: Array(text.utf8)) == value)
    }
}

@Suite("Base 64")
struct Base64Tests {
    @Test("any bytes have the text that Foundation gives them, and come back from it")
    func likeFoundation() {
        var generator = SplitMix(seed: 3)
        for count in 0..<100 {
            let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            let text = Base64.encode(bytes)
            #expect(text == Data(bytes).base64EncodedString())
            #expect(Base64.decode(Array(text.utf8)) == bytes)
        }
    }

    @Test("what is no base 64 is refused", arguments: ["A", "AAA", "A?==", "A===", "=AAA", "AA=A", "AAAA\n", "AAA-"])
    func refused(text: String) { #expect(Base64.decode(Array(text.utf8)) == nil) }
}

@Suite("Writing JSON piece by piece")
struct JSONWriterTests {
    @Test("what is written piece by piece reads as one document")
    func roundTrip() throws {
        var json = JSONWriter(limit: 1000)
        json.object { json in
            json.text("name", [0x61, 0xFF, 0x22, 0x0A] as [UInt8])
            json.array("numbers", of: [0, 18_446_744_073_709_551_615])
            let mark = json.mark
            json.flag("dropped", true)
            json.rewind(to: mark)
            [1, 2, 3].withUnsafeBytes { json.base64("data", UnsafeRawBufferPointer(rebasing: $0[..<3])) }
        }
        let root = try JSONDocument(parsing: json.bytes).root
        #expect(root.member("name")?.stringValue == "a\\xff\"\n")
        #expect(root.member("numbers")?.arrayValue?.map(\.uint64Value) == [0, .max])
        #expect(root.member("dropped") == nil)
        #expect(root.member("data")?.stringValue.map { Base64.decode(Array($0.utf8)) } == [1, 0, 0])
        #expect(!json.isTooLarge)
    }
}
