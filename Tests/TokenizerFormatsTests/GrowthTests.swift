import Platform
import Testing
import Tokenization
import TokenizerFormats

/// Tokenizer files whose steps would blow up any text.
@Suite("Texts that a tokenizer file would let grow without end")
struct GrowthTests {
    private static let model = #"{"type": "WordPiece", "unk_token": "u", "vocab": {"u": 0, "a": 1}}"#

    private static func file(_ part: String) -> TokenizerFiles {
        TokenizerFiles(["tokenizer.json": Array(#"{"model": \#(model), \#(part)}"#.utf8)])
    }

    private static func chain(_ step: String, _ count: Int) -> String {
        #"{"type": "Sequence", "normalizers": [\#(Array(repeating: step, count: count).joined(separator: ","))]}"#
    }

    @Test("a chain of replacements that double stops where a text has grown thirty-two times")
    func doubling() throws {
        let step = #"{"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}"#
        let tokenizer = try Tokenizer.load(files: Self.file(#""normalizer": \#(Self.chain(step, 64))"#))
        let word = String(repeating: "a", count: 50)
        // One word, too long for the vocabulary: one unknown token; what matters is that it ends.
        #expect(tokenizer.encode(word + " a").ids.count <= 2)
    }

    @Test("a decoder that doubles stops where a text has grown thirty-two times")
    func decoding() throws {
        let step = #"{"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}"#
        let steps = Array(repeating: step, count: 64).joined(separator: ",")
        let tokenizer = try Tokenizer.load(
            files: Self.file(#""decoder": {"type": "Sequence", "decoders": [\#(steps)]}"#))
        #expect(tokenizer.decode([1]).utf8.count <= 1 << 20)
    }

    @Test("a known growth is not cut: every letter may become a ligature of eighteen")
    func known() throws {
        let tokenizer = try Tokenizer.load(files: Self.file(#""normalizer": {"type": "NFKC"}"#))
        #expect(tokenizer.encode(String(repeating: "\u{FDFA}", count: 400)).ids.count > 0)
    }

    @Test(
        "texts to be put in are short, and chains are not written without end",
        arguments: [
            #""normalizer": {"type": "Prepend", "prepend": "\#(String(repeating: "x", count: 300))"}"#,
            #""normalizer": {"type": "Replace", "pattern": {"String": "a"}, "#
                + #""content": "\#(String(repeating: "x", count: 300))"}"#,
            #""pre_tokenizer": {"type": "Metaspace", "replacement": "\#(String(repeating: "x", count: 300))"}"#,
            #""normalizer": \#(chain(chain(#"{"type": "Lowercase"}"#, 60), 60))"#,
        ])
    func refused(part: String) {
        let error = #expect(throws: FileError.self) { try Tokenizer.load(files: Self.file(part)) }
        #expect("\(String(describing: error))".contains("limit"))
    }
}
