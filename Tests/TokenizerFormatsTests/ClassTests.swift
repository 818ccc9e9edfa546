import Foundation
import Testing
import Tokenization
import TokenizerFormats

/// Small files as two releases of transformers read them (fixtures/tokenizers/classes, made by make_classes.py).
@Suite("Tokenizers as the class that the files name reads them")
struct ClassTests {
    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        let base: String
        let name: String
        let files: [String: String]
        let texts: [String]
        let ids: [[Int32]]

        var testDescription: String {
            ([base] + files.sorted { $0.key < $1.key }.map(\.value)).joined(separator: " ")
        }

        func says(_ word: String) -> Bool { files.values.contains { $0.contains(word) } }

        func tokenizer(ignoring ignored: Set<String> = []) throws -> Tokenizer {
            var contents = [name: try Fixture.bytes("classes", base + ".model")]
            for (name, text) in files { contents[name] = Array(text.utf8) }
            return try Tokenizer.load(files: TokenizerFiles(contents), ignoring: ignored)
        }
    }

    static func cases() throws -> [Case] {
        try Fixture.bytes("classes", "golden.jsonl").split(separator: 0x0A)
            .map { try JSONDecoder().decode(Case.self, from: Data($0)) }
    }

    @Test("ids are those of the class and of the release that the files name")
    func classes() throws {
        let cases = try Self.cases()
        #expect(cases.count == 54)
        for one in cases {
            let tokenizer = try one.tokenizer()
            for (text, ids) in zip(one.texts, one.ids) {
                let found = tokenizer.encode(text).ids
                #expect(found == ids, "\(one.testDescription): \(text.debugDescription)")
            }
        }
    }

    @Test("where two releases differ it is said which one was followed")
    func notes() throws {
        let cases = try Self.cases().filter { $0.files["tokenizer_config.json"]?.contains("add_eos_token") == true }
        let json = cases.filter { $0.base == "json" }
        #expect(json.count == 2)
        #expect(try json[0].tokenizer().notes.contains { $0.contains("transformers 4") && $0.contains("count") })
        #expect(try json[1].tokenizer().notes.contains { $0.contains("transformers 5") })
        // Beside a model file alone there is nothing to choose from.
        for one in cases where one.base == "llama" { #expect(try one.tokenizer().notes.isEmpty) }
    }

    @Test("types are left out where the model is not given any")
    func types() throws {
        var contents = try Fixture.files("bert", ["vocab.txt"]).contents
        let told = try Tokenizer.load(files: TokenizerFiles(contents)).encode("a", pair: "b")
        #expect(told.typeIDs.contains(1))
        contents["tokenizer_config.json"] = Array(#"{"model_input_names": ["input_ids", "attention_mask"]}"#.utf8)
        let untold = try Tokenizer.load(files: TokenizerFiles(contents)).encode("a", pair: "b")
        #expect(untold.ids == told.ids && untold.typeIDs == Array(repeating: 0, count: told.ids.count))
    }

    @Test("text is cut where the writing system changes, and after so many characters")
    func cuts() throws {
        func pieces(_ step: String, _ text: String) throws -> [String] {
            let vocabulary = ["<unk>", "ab ", "αβ ", "漢字かな", "ab", "c", "αβ"]
            let entries = vocabulary.enumerated().map { #""\#($1)": \#($0)"# }.joined(separator: ", ")
            let json = #"{"model": {"type": "WordLevel", "vocab": {\#(entries)}}, "pre_tokenizer": \#(step)}"#
            let tokenizer = try Tokenizer.load(files: TokenizerFiles(["tokenizer.json": Array(json.utf8)]))
            return tokenizer.encode(text).ids.map { tokenizer.token(of: $0) ?? "?" }
        }
        // Kana count as Han, spaces stay with what is before them, those at the beginning are dropped.
        #expect(try pieces(#"{"type": "UnicodeScripts"}"#, " ab αβ 漢字かな") == ["ab ", "αβ ", "漢字かな"])
        #expect(try pieces(#"{"type": "FixedLength", "length": 2}"#, "abαβc") == ["ab", "αβ", "c"])
    }

    @Test("a key that the user passes over does not count")
    func ignored() throws {
        let one = try #require(try Self.cases().first { $0.base == "own" && $0.says("do_lower_case") })
        let plain = try #require(try Self.cases().first { $0.base == "own" })
        #expect(try one.tokenizer(ignoring: ["do_lower_case"]).encode("The").ids == plain.tokenizer().encode("The").ids)
        #expect(try one.tokenizer().encode("The").ids != plain.tokenizer().encode("The").ids)
    }
}
