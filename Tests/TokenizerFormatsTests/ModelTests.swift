import Testing
import TestSupport
import Tokenization
import TokenizerFormats

/// Models against the plainest form of their own definition, on random vocabularies and words.
@Suite("Models of tokenizers")
struct ModelTests {
    @Test("byte-pair encoding joins the pair of lowest rank, leftmost first, one at a time", arguments: 0..<24)
    func bytePairs(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        var tokens = ["a", "b", "c"]
        var merges: [(String, String)] = []
        while merges.count < 14 {
            let pair = (tokens.randomElement(using: &random) ?? "a", tokens.randomElement(using: &random) ?? "a")
            // Two ways to one token would be two merges with one result; here each makes its own.
            guard !tokens.contains(pair.0 + pair.1), (pair.0 + pair.1).count < 7 else { continue }
            merges.append(pair)
            tokens.append(pair.0 + pair.1)
        }
        let vocabulary = tokens.enumerated().map { #""\#($1)": \#($0)"# }.joined(separator: ", ")
        let list = merges.map { #""\#($0.0) \#($0.1)""# }.joined(separator: ", ")
        let tokenizer = try tokenizer(#"{"type": "BPE", "vocab": {\#(vocabulary)}, "merges": [\#(list)]}"#)
        for length in [0, 1, 2, 3, 5, 8, 13, 40, 90] {
            let word = String((0..<length).map { _ in "abc".randomElement(using: &random) ?? "a" })
            let found = tokenizer.encode(word).ids.map { tokenizer.token(of: $0) ?? "?" }
            #expect(found == plainJoin(word.map(String.init), merges))
        }
    }

    private func plainJoin(_ symbols: [String], _ merges: [(String, String)]) -> [String] {
        var symbols = symbols
        while let best = symbols.indices.dropLast().compactMap({ at in
            merges.firstIndex { $0 == (symbols[at], symbols[at + 1]) }.map { (rank: $0, at: at) }
        }).min(by: { ($0.rank, $0.at) < ($1.rank, $1.at) }) {
            symbols.replaceSubrange(best.at...best.at + 1, with: [symbols[best.at] + symbols[best.at + 1]])
        }
        return symbols
    }

    @Test("Unigram finds the cut with the largest sum of scores", arguments: 0..<24)
    func unigram(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed) &+ 77)
        var scores = ["a": -3.0, "b": -2.5, "c": -4.0]
        while scores.count < 16 {
            let piece = String(
                (0..<Int.random(in: 2...4, using: &random)).map { _ in "abc".randomElement(using: &random) ?? "a" })
            // Sixteenths are exact, so that equal sums are equal.
            scores[piece] = Double(Int.random(in: -160 ... -16, using: &random)) / 16
        }
        let entries = scores.sorted { $0.key < $1.key }.map { #"["\#($0.key)", \#($0.value)]"# }.joined(separator: ", ")
        let tokenizer = try tokenizer(#"{"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], \#(entries)]}"#)
        for length in 1...11 {
            let word = String((0..<length).map { _ in "abc".randomElement(using: &random) ?? "a" })
            let found = tokenizer.encode(word).ids.map { tokenizer.token(of: $0) ?? "?" }
            #expect(found.joined() == word)
            let sum = found.reduce(0) { $0 + (scores[$1] ?? -.infinity) }
            #expect(sum == bestScore(Array(word), scores))
        }
    }

    /// The best of all cuts, tried one by one.
    private func bestScore(_ word: [Character], _ scores: [String: Double]) -> Double {
        let cuts = max(0, word.count - 1)
        return (0..<1 << cuts).map { mask in
            var sum = 0.0
            var piece = ""
            for (index, character) in word.enumerated() {
                piece.append(character)
                if index == word.count - 1 || mask >> index & 1 == 1 {
                    sum += scores[piece] ?? -.infinity
                    piece = ""
                }
            }
            return sum
        }.max() ?? 0
    }

    @Test("WordPiece takes the longest piece each time, and gives a word up as a whole")
    func wordPiece() throws {
        let pieces = ["[UNK]", "un", "una", "##aff", "##ffable", "##able", "##ff", "a", "##b", "é", "##é"]
        let vocabulary = pieces.enumerated().map { #""\#($1)": \#($0)"# }.joined(separator: ", ")
        let tokenizer = try tokenizer(
            #"{"type": "WordPiece", "max_input_chars_per_word": 10, "vocab": {\#(vocabulary)}}"#,
            #", "pre_tokenizer": {"type": "WhitespaceSplit"}"#)
        let cases: [(String, [String])] = [
            ("unaffable", ["una", "##ffable"]), ("unff", ["un", "##ff"]), ("unaffabl", ["[UNK]"]),
            ("x a", ["[UNK]", "a"]),
            ("abbbbbbbbb", ["a"] + Array(repeating: "##b", count: 9)), ("abbbbbbbbbb", ["[UNK]"]),
            ("éééééééééé", ["é"] + Array(repeating: "##é", count: 9)), ("ééééééééééé", ["[UNK]"]), ("", []),
            (" \n ", []),
        ]
        for (text, expected) in cases {
            #expect(tokenizer.encode(text).ids.map { tokenizer.token(of: $0) ?? "?" } == expected, "\(text)")
        }
    }

    private func tokenizer(_ model: String, _ rest: String = "") throws -> Tokenizer {
        try Tokenizer.load(files: TokenizerFiles(["tokenizer.json": Array(#"{"model": \#(model)\#(rest)}"#.utf8)]))
    }
}
