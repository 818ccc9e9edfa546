import Testing
import Tokenization
import TokenizerFormats

@Suite("Tokenizers")
struct TokenizerTests {
    @Test("roles, sizes and lengths come from the files beside the vocabulary")
    func properties() throws {
        let bert = try Fixture.tokenizer("bert")
        #expect(bert.specialTokens == SpecialTokens(pad: 0, mask: 4, unk: 1, cls: 2, sep: 3))
        #expect(bert.vocabularySize == 512)
        #expect(bert.idBound == 512)
        #expect(bert.maxLength == nil, "10³⁰ means that there is no limit")
        #expect(bert.id(of: "[MASK]") == 4)
        #expect(bert.token(of: 4) == "[MASK]")
        #expect(bert.token(of: 512) == nil)
        #expect(bert.token(of: -1) == nil)

        let roberta = try Fixture.tokenizer("roberta")
        #expect(roberta.specialTokens == SpecialTokens(pad: 1, mask: 459, unk: 3, cls: 0, sep: 2, bos: 0, eos: 2))
        let gpt2 = try Fixture.tokenizer("gpt2")
        #expect(gpt2.specialTokens == SpecialTokens(unk: 439, bos: 439, eos: 439))
        let t5 = try Fixture.tokenizer("t5")
        #expect(t5.specialTokens == SpecialTokens(pad: 0, unk: 2, eos: 1))
        #expect(t5.vocabularySize == 360)
        #expect(t5.id(of: "<extra_id_0>") == 359)
    }

    @Test(
        "the maximum length is taken where it is sensible",
        arguments: [("512", 512), ("1000000000000000019884624838656", nil), ("0", nil), ("-3", nil), ("77.0", 77)])
    func maxLength(written: String, expected: Int?) throws {
        let tokenizer = try configured(#"{"model_max_length": \#(written)}"#)
        #expect(tokenizer.maxLength == expected)
    }

    @Test("what the configuration says about case, accents and ideographs wins over tokenizer.json")
    func configurationWins() throws {
        let kept = try configured(#"{"do_lower_case": false}"#, "tokenizer.json")
        #expect(kept.decode(kept.encode("hello Hello").ids) == "hello", "capitals are unknown to this vocabulary")
        let accents = try configured(#"{"strip_accents": false}"#, "tokenizer.json")
        #expect(accents.encode("é").ids != (try Fixture.tokenizer("bert")).encode("é").ids)
    }

    @Test("truncation keeps special tokens, and cuts on the side that the configuration names")
    func truncation() throws {
        let right = try configured("{}")
        let left = try configured(#"{"truncation_side": "left"}"#)
        let all = right.encode("a b c d e f").ids
        #expect(all.count == 8)
        #expect(right.encode("a b c d e f", maxLength: 5).ids == [2] + all[1...3] + [3])
        #expect(left.encode("a b c d e f", maxLength: 5).ids == [2] + all[4...6] + [3])
        #expect(right.encode("a b c d e f", maxLength: 8).isTruncated == false)
        #expect(right.encode("a b c d e f", maxLength: 7).isTruncated)
    }

    @Test("tens of thousands of added tokens load in linear time and are all found", .timeLimit(.minutes(1)))
    func manyAddedTokens() throws {
        let count = 50_000
        let added = (0..<count).map { #"{"id": \#(600 + $0), "content": "<tool_\#($0)>", "special": true}"# }
        let json = """
            {"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []},
             "added_tokens": [\(added.joined(separator: ","))]}
            """
        let tokenizer = try Tokenizer.load(files: TokenizerFiles(["tokenizer.json": Array(json.utf8)]))
        #expect(tokenizer.encode("a<tool_0>a<tool_\(count - 1)>").ids == [0, 600, 0, Int32(600 + count - 1)])
        #expect(tokenizer.idBound == 600 + count)
    }

    @Test("no limit is so small that it is exceeded", arguments: [-1, 0, 1, 2, 3])
    func tinyLimits(limit: Int) throws {
        let tokenizer = try Fixture.tokenizer("bert")
        for pair in [nil, "b c"] {
            let encoding = tokenizer.encode("a b", pair: pair, maxLength: limit)
            #expect(encoding.ids.count <= max(0, limit))
            #expect(encoding.typeIDs.count == encoding.ids.count)
            #expect(encoding.isTruncated)
        }
    }

    @Test("special tokens can be left out, in encoding and decoding")
    func withoutSpecialTokens() throws {
        let tokenizer = try Fixture.tokenizer("bert")
        let plain = tokenizer.encode("hello", addSpecialTokens: false).ids
        #expect(tokenizer.encode("hello").ids == [2] + plain + [3])
        #expect(tokenizer.decode([2] + plain + [3], skipSpecialTokens: false) == "[CLS] hello [SEP]")
        #expect(tokenizer.decode([2] + plain + [3], skipSpecialTokens: true) == "hello")
        #expect(tokenizer.decode(plain + [-7, 100_000]) == "hello", "unknown ids are left out")
    }

    @Test("many threads may use one tokenizer at once")
    func concurrency() async throws {
        let tokenizer = try Fixture.tokenizer("xlm_roberta")
        let texts = try Fixture.golden("xlm_roberta").map(\.text)
        let expected = texts.map { tokenizer.encode($0).ids }
        let results = await withTaskGroup(of: [[Int32]].self) { group in
            for _ in 0..<8 { group.addTask { texts.map { tokenizer.encode($0).ids } } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.count == 8)
        for result in results { #expect(result == expected) }
    }

    @Test("very long words and texts take time in proportion to their length")
    func longTexts() throws {
        let length = 60_000
        for name in ["bert", "gpt2", "t5"] {
            let tokenizer = try Fixture.tokenizer(name)
            for text in [String(repeating: "a", count: length), String(repeating: " ", count: length)] {
                let ids = tokenizer.encode(text).ids
                #expect(ids.count <= length + 2)
            }
        }
    }

    /// The BERT fixture's vocabulary with another configuration.
    private func configured(_ configuration: String, _ file: String = "vocab.txt") throws -> Tokenizer {
        var contents = try Fixture.files("bert", [file]).contents
        contents["tokenizer_config.json"] = Array(configuration.utf8)
        return try Tokenizer.load(files: TokenizerFiles(contents))
    }
}
