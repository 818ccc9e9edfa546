import Testing
import Tokenization

@Suite("Unicode normalization")
struct NormalizationTests {
    /// From the examples of Unicode Standard Annex 15 and its test file.
    @Test(
        "the four forms of examples from the standard",
        arguments: [
            ("\u{1E9B}\u{323}", "\u{17F}\u{323}\u{307}", "\u{1E9B}\u{323}", "s\u{323}\u{307}", "\u{1E69}"),
            ("\u{212B}", "A\u{30A}", "\u{C5}", "A\u{30A}", "\u{C5}"),
            (
                "\u{D55C}\u{AE00}", "\u{1112}\u{1161}\u{11AB}\u{1100}\u{1173}\u{11AF}", "\u{D55C}\u{AE00}",
                "\u{1112}\u{1161}\u{11AB}\u{1100}\u{1173}\u{11AF}", "\u{D55C}\u{AE00}"
            ),
            ("\u{FB01}", "\u{FB01}", "\u{FB01}", "fi", "fi"), ("2\u{2075}", "2\u{2075}", "2\u{2075}", "25", "25"),
            (
                "a\u{315}\u{300}\u{5AE}b", "a\u{5AE}\u{300}\u{315}b", "\u{E0}\u{5AE}\u{315}b",
                "a\u{5AE}\u{300}\u{315}b",
                "\u{E0}\u{5AE}\u{315}b"
            ),
            ("\u{958}", "\u{915}\u{93C}", "\u{915}\u{93C}", "\u{915}\u{93C}", "\u{915}\u{93C}"),
            (
                "\u{1EA5}\u{331}", "a\u{331}\u{302}\u{301}", "\u{1EA5}\u{331}", "a\u{331}\u{302}\u{301}",
                "\u{1EA5}\u{331}"
            ),
            ("plain", "plain", "plain", "plain", "plain"),
        ])
    func forms(text: String, nfd: String, nfc: String, nfkd: String, nfkc: String) {
        let bytes = Array(text.utf8)
        #expect(UnicodeNormalization.nfd.normalized(bytes) == Array(nfd.utf8))
        #expect(UnicodeNormalization.nfkd.normalized(bytes) == Array(nfkd.utf8))
        #expect(UnicodeNormalization.nfkc.normalized(bytes) == Array(nfkc.utf8))
        #expect(UnicodeNormalization.nfc.normalized(bytes) == Array(nfc.utf8))
    }
}
