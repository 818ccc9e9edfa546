import Testing
import Tokenization
import TokenizerFormats

/// Ids and texts as the reference library (`transformers` with `tokenizers`) gives them.
@Suite("Tokenizers against stored results of the reference library")
struct GoldenTests {
    @Test(
        "ids, types and decoded texts equal the reference's",
        arguments: ["bert", "bert_mlm", "roberta", "gpt2", "xlm_roberta", "t5"])
    func equalsReference(name: String) throws {
        let tokenizer = try Fixture.tokenizer(name)
        try check(tokenizer, against: name)
    }

    @Test(
        "the older files of a tokenizer say the same as its tokenizer.json",
        arguments: [
            ("bert", ["vocab.txt"]), ("roberta", ["vocab.json", "merges.txt"]), ("gpt2", ["vocab.json", "merges.txt"]),
        ])
    func olderFilesAgree(name: String, files: [String]) throws {
        let configured = try Fixture.files(name, files + ["tokenizer_config.json", "special_tokens_map.json"])
        try check(try Tokenizer.load(files: configured), against: name)
        try check(try Tokenizer.load(files: Fixture.files(name, files)), against: name)
    }

    @Test(
        "a tokenizer.json alone is enough to make a tokenizer", arguments: ["bert", "roberta", "gpt2", "xlm_roberta"])
    func jsonAlone(name: String) throws {
        try check(try Tokenizer.load(files: Fixture.files(name, ["tokenizer.json"])), against: name)
    }

    @Test(
        "every step of tokenizer.json does what the reference library's does",
        arguments: [
            "sentencepiece_bpe", "metaspace_first", "clip", "gpt4", "prefix_space", "word_cuts", "words",
            "unigram_cleaned", "behaviours",
        ])
    func variants(name: String) throws {
        try check(try Fixture.tokenizer("variants/\(name)"), against: "variants/\(name)")
    }

    @Test(
        "assets of KerasHub presets give the ids of their preprocessors, or of SentencePiece",
        arguments: [("bert", 2), ("gpt2", 2), ("t5", 49), ("llama", 49), ("gemma", 49)])
    func kerasHub(name: String, count: Int) throws {
        let tokenizer = try Fixture.tokenizer("kerashub/\(name)")
        let lines = try Fixture.golden("kerashub/\(name)")
        #expect(lines.count >= count)
        for line in lines { #expect(Golden.differences(of: tokenizer, from: line).isEmpty, "\(name)") }
    }

    @Test("tokenizers of the trained models give the reference's ids", arguments: ["gpt", "t5"])
    func trained(name: String) throws {
        let tokenizer = try Fixture.tokenizer("../\(name)")
        let lines = try Golden.lines(try Fixture.bytes("../\(name)", "tokenizer_golden.jsonl"))
        #expect(lines.count >= 33)
        for line in lines { #expect(Golden.differences(of: tokenizer, from: line).isEmpty, "\(name)") }
    }

    private func check(_ tokenizer: Tokenizer, against name: String) throws {
        let lines = try Fixture.golden(name)
        #expect(lines.count >= 60)
        for line in lines { #expect(Golden.differences(of: tokenizer, from: line).isEmpty, "\(name)") }
    }
}
