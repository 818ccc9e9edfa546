import ArchitectureSpecs
import Testing
import Tokenization

@Suite("Patterns of tokenizers")
struct PatternTests {
    /// Expected by hand from the meaning of each expression.
    @Test(
        "expressions match what they say",
        arguments: [
            ("a", "banana", ["a", "a", "a"]), ("an|na", "banana", ["an", "an"]), ("a.a", "anaxa", ["ana"]),
            ("[a-c]+", "abcdcab", ["abc", "cab"]), ("[^a-c ]+", "ab xy z", ["xy", "z"]), ("[]a]+", "]a]b", ["]a]"]),
            ("[a-]+", "a-b-", ["a-", "-"]), ("\\s+(?!\\S)|\\s+", "a  b ", [" ", " ", " "]),
            ("x{2}", "xxxxx", ["xx", "xx"]),
            ("x{2,}", "x xx xxx", ["xx", "xxx"]), ("x{1,2}", "xxx", ["xx", "x"]), ("x{,2}y", "xxxy", ["xxy"]),
            ("a+?b", "aab", ["aab"]), ("a++a", "aaa", []), ("(?>a|ab)c", "abc", []), ("(?:a|ab)c", "abc", ["abc"]),
            ("(?i:'LL)x?", "'ll 'Ll'lLX", ["'ll", "'Ll", "'lL"]), ("(?i:k)", "kK", ["k", "K"]),
            ("\\p{Lu}\\p{Ll}*", "Ärger und Ömchen", ["Ärger", "Ömchen"]), ("\\P{L}+", "ab 1c", [" 1"]),
            ("\\p{^L}+", "ab 1c", [" 1"]), ("\\d+", "12 ٣٤ ²", ["12", "٣٤"]), ("\\w+", "a_1²-é", ["a_1²", "é"]),
            ("^b|b$", "bab\nb", ["b", "b", "b"]), ("\\Ab|b\\z", "bab\nb", ["b", "b"]),
            ("\\x41\\u00e9\\x{1F600}", "Aé😀", ["Aé😀"]),
            ("[\\s\\S]", "a\n", ["a", "\n"]), (".+", "a\nb", ["a", "b"]), ("\\.\\|\\\\", ".|\\", [".|\\"]),
            ("a(?=b)", "abac", ["a"]),
            ("a*", "baab", ["aa"]), ("(ab)+", "ababx", ["abab"]),
        ])
    func matches(expression: String, text: String, expected: [String]) throws {
        #expect(try Self.matches(try Pattern(expression: expression), text) == expected)
    }

    @Test("a pattern of plain text is searched as it is written")
    func literal() throws {
        #expect(try Self.matches(Pattern(literal: Array("a.".utf8)), "aba.a.") == ["a.", "a."])
        #expect(try Self.matches(Pattern(literal: []), "ab") == [])
    }

    @Test(
        "what the engine does not know is an error that says so",
        arguments: [
            "(", ")", "[a", "a{3,1}", "a{999}", "\\p{Han}", "(?<=a)", "(?<n>a)", "*a", "a**", "(a*)*", "[[a]]",
            "[a&&b]", "\\k", "\\b",
            "a{2}+", "\\", "\\x{zz}", "\\p", "(a|b*)+", String(repeating: "(", count: 100),
            String(repeating: "(?:a{64}){64}", count: 4),
        ])
    func refuses(expression: String) {
        #expect(throws: PatternError.self) { try Pattern(expression: expression) }
    }

    @Test("an expression that backtracks without end gives up, within seconds")
    func bounded() throws {
        let pattern = try Pattern(expression: "(?:a+)+b")
        let text = Array(String(repeating: "a", count: 400).utf8)
        #expect(pattern.sections(of: text, in: 0..<text.count).map(\.isDelimiter) == [false])
    }

    private static func matches(_ pattern: Pattern, _ text: String) throws -> [String] {
        let bytes = Array(text.utf8)
        let sections = pattern.sections(of: bytes, in: 0..<bytes.count)
        #expect(sections.flatMap { Array(bytes[$0.range]) } == bytes, "the sections must cover the text")
        return sections.filter(\.isDelimiter).map { String(decoding: bytes[$0.range], as: UTF8.self) }
    }
}
