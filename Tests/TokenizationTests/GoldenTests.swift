import Testing

import Tokenization

/// Ids and texts as the reference library (`transformers` with `tokenizers`) gives them.
@Suite struct GoldenTests {
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

    @Test("tokenizer.json alone is enough", arguments: ["bert", "roberta", "gpt2", "xlm_roberta"])
    func jsonAlone(name: String) throws {
        try check(try Tokenizer.load(files: Fixture.files(name, ["tokenizer.json"])), against: name)
    }

    private func check(_ tokenizer: Tokenizer, against name: String) throws {
        let lines = try Fixture.golden(name)
        #expect(lines.count >= 70)
        for line in lines {
            let encoding = tokenizer.encode(line.text, pair: line.pair, maxLength: line.maxLength)
            #expect(encoding.ids == line.ids, "\(name): \(line.text.debugDescription)")
            #expect(encoding.typeIDs.count == encoding.ids.count)
            if let typeIDs = line.typeIDs { #expect(encoding.typeIDs == typeIDs) }
            if let decoded = line.decoded {
                // Compared byte by byte: `==` on strings ignores how accents are composed.
                let text = tokenizer.decode(line.ids, skipSpecialTokens: true)
                #expect(Array(text.utf8) == Array(decoded.utf8), "\(name): \(text.debugDescription)")
            }
            #expect(encoding.isTruncated == (line.maxLength != nil))
        }
    }
}
