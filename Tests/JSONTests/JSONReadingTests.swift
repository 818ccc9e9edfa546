import JSON
import Platform
import Testing

@Suite("Reading JSON")
struct JSONReadingTests {
    private static func field(_ text: String) throws -> JSONField {
        try JSONDocument(parsing: Array(text.utf8), file: "config.json").root
    }

    @Test("a complaint names file, line, column, path and what was expected")
    func positions() throws {
        let text = """
            {
              "rope_scaling": {"factor": "é", "kinds": [1, {"a": true}]}
            }
            """
        let scaling = try Self.field(text).required("rope_scaling")
        let error = #expect(throws: FileError.self) { try scaling.required("factor").double() }
        #expect(error?.path == "config.json")
        #expect(
            error?.problems.first?.hasPrefix("line 2 column 30, rope_scaling.factor: a finite number was expected")
                == true, "\(String(describing: error))")
        let inner = try scaling.required("kinds").elements()[1].required("a")
        #expect(inner.location == "line 2 column 54, rope_scaling.kinds[1].a")
        #expect(try Self.field(text).location == "line 1 column 1")
    }

    @Test(
        "what is no JSON is refused at its line and column",
        arguments: [
            ("", "line 1 column 1", "ends too early"), ("{\n\"a\" 1}", "line 2 column 5", "a colon"),
            ("[1\n\n 2]", "line 3 column 2", "a comma"), ("[1,]", "line 1 column 4", "a value"),
            ("{\"a\":1,}", "line 1 column 8", "a key"), ("{} {}", "line 1 column 4", "text after the end"),
            ("[01]", "line 1 column 4", "starts with a zero"), ("[-00]", "line 1 column 5", "starts with a zero"),
            ("[1.]", "line 1 column 4", "a digit"), ("[.5]", "line 1 column 2", "a value"),
            ("[1e]", "line 1 column 4", "a digit"), ("[+1]", "line 1 column 2", "a value"),
            ("[-]", "line 1 column 3", "a digit"), ("[nul]", "line 1 column 2", "a value"),
            ("[Inf]", "line 1 column 2", "a value"), ("\"\u{1}\"", "line 1 column 2", "control character"),
            ("\"\\ud800\"", "line 1 column 2", "escape"), ("[tru", "line 1 column 2", "a value"),
        ])
    func syntax(text: String, position: String, reason: String) {
        let error = #expect(throws: JSONDocument.SyntaxError.self) { try JSONDocument(parsing: Array(text.utf8)) }
        #expect(error.map { "\($0.position)" } == position)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test("bytes that are no UTF-8 are refused where they stand")
    func invalidUTF8() {
        let text = Array("[\"ab".utf8) + [0xC0, 0x80] + Array("\"]".utf8)
        let error = #expect(throws: JSONDocument.SyntaxError.self) { try JSONDocument(parsing: text) }
        #expect(error?.position.column == 5)
        #expect(error?.message.contains("UTF-8") == true)
    }

    @Test("depth and number of values are bounded, keys counted")
    func limits() throws {
        let limits = JSONDocument.Limits(values: 5, depth: 3)
        for sound in ["[[[]]]", "[1,2,3,4]", #"{"a":1,"b":2}"#] {
            _ = try JSONDocument(parsing: Array(sound.utf8), limits: limits)
        }
        for (excessive, limit) in [("[[[[]]]]", "limit of 3"), ("[1,2,3,4,5]", "limit of 5")] {
            let error = #expect(throws: JSONDocument.SyntaxError.self) {
                try JSONDocument(parsing: Array(excessive.utf8), limits: limits)
            }
            #expect(error?.message.contains(limit) == true)
        }
        let endless = [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)
        #expect(throws: JSONDocument.SyntaxError.self) { try JSONDocument(parsing: endless) }
    }

    @Test("escapes stand for their characters, in keys too")
    func escapes() throws {
        let field = try Self.field(#"{"\u0061\n": "\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\u0000"}"#)
        #expect(try field.string("a\n") == "\"\\/\u{8}\u{C}\n\r\té😀\u{0}")
    }

    @Test("a key that occurs twice is an error to who asks for it, and the first one to a value")
    func duplicateKeys() throws {
        let field = try Self.field(#"{"a": 1, "a": 2, "b": 3}"#)
        #expect(throws: FileError.self) { try field.optional("a") }
        #expect(try field.required("b").integer(in: 0...9) == 3)
        #expect(JSONValue(field) == .object(["a": .integer(1), "b": .integer(3)]))
    }

    @Test(
        "numbers of configurations are whole where they can be, and those of Python",
        arguments: [
            ("12", .integer(12)), ("12.0", .integer(12)), ("1e3", .integer(1000)), ("-0", .integer(0)),
            ("1e-12", .number(1e-12)), ("9223372036854775807", .integer(.max)),
            ("9223372036854775808", .number(9_223_372_036_854_775_808)), ("1e30", .number(1e30)),
            ("Infinity", .number(.infinity)), ("-Infinity", .number(-.infinity)), ("1e400", .number(.infinity)),
        ] as [(String, JSONValue)])
    func numbers(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: Array(text.utf8), file: "config.json") == value)
    }

    @Test("Python's NaN is a number that is none, and no number to readers that want one")
    func notANumber() throws {
        #expect(try JSONValue(parsing: Array("NaN".utf8), file: "config.json").doubleValue?.isNaN == true)
        for text in ["NaN", "Infinity", "-Infinity", "1e400"] {
            #expect(throws: FileError.self) { try Self.field(text).double() }
            #expect(throws: Document.ReadError.self) { try Document.decode(Double.self, from: Array(text.utf8)) }
        }
    }

    @Test("a byte order mark before the value is passed over, a git-LFS pointer is named")
    func beginnings() throws {
        #expect(try JSONValue(parsing: [0xEF, 0xBB, 0xBF, 0x31], file: "a.json") == .integer(1))
        let pointer = Array("version https://git-lfs.github.com/spec/v1\n".utf8)
        let error = #expect(throws: FileError.self) { try JSONValue(parsing: pointer, file: "a.json") }
        #expect(error?.description.contains("git lfs pull") == true)
    }
}
