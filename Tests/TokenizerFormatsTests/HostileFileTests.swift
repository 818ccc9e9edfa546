import Testing
import Tokenization
import TokenizerFormats

/// Files that are wrong in a named way, and what the message about each must mention.
@Suite("Wrong tokenizer files")
struct HostileFileTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let files: [String: [UInt8]]
        let mentions: [String]

        init(_ name: String, _ file: String, _ text: String, _ mentions: String...) {
            self.init(name, [file: Array(text.utf8)], mentions)
        }

        init(_ name: String, _ files: [String: [UInt8]], _ mentions: [String]) {
            self.name = name
            self.files = files
            self.mentions = mentions
        }

        var testDescription: String { name }
    }

    @Test(
        "a wrong tokenizer file is an error that names file, path and remedy", arguments: json + models + steps + others
    )
    func isRefused(wrong: Case) throws {
        do {
            _ = try Tokenizer.load(files: TokenizerFiles(wrong.files))
            Issue.record("\(wrong.name): was loaded")
        } catch {
            let message = "\(error)"
            for mention in wrong.mentions { #expect(message.contains(mention), "\(wrong.name): \(message)") }
            #expect(message.contains(";") || message.contains("limit"), "no remedy: \(message)")
        }
    }

    private static let file = "tokenizer.json"

    static let json = [
        Case("nothing", [:], ["tokenizer.json", "vocab.txt"]),
        Case("empty file", file, "", file, "line 1 column 1"),
        Case("git-LFS pointer", file, "version https://git-lfs.github.com/spec/v1\noid sha256:0", "git lfs pull"),
        Case("cut off", file, #"{"model": {"type": "WordPi"#, "column 27", "does not end"),
        Case("text after the value", file, "{} {}", "column 4"),
        Case("nested too deeply", file, String(repeating: "[", count: 5000), "limit of 64"),
        Case("nested too deeply in objects", file, String(repeating: #"{"a":"#, count: 200), "limit of 64"),
        Case("half of a surrogate pair", file, #"{"a": "\ud83d"}"#, "escape"),
        Case("two high surrogates", file, #"{"a": "\ud83d\ud83d"}"#, "escape"),
        Case("unknown escape", file, #"{"a": "\q"}"#, "escape"),
        Case("line break inside a string", file, "{\"a\": \"\n\"}", "control character"),
        Case("no UTF-8", [file: Array(#"{"a": ""#.utf8) + [0xC0, 0x80] + Array(#""}"#.utf8)], ["UTF-8"]),
        Case("missing comma", file, #"{"a": 1 "b": 2}"#, "comma"),
        Case("missing value", file, #"{"a": }"#, "column 7", "value"),
        Case("no object", file, "[1]", "object"),
        Case("no model", file, "{}", "model"),
        Case("key twice", file, #"{"model": {}, "model": {}}"#, "twice"),
    ]

    private static func model(_ text: String) -> String { #"{"model": \#(text)}"# }

    static let models = [
        Case("unknown model", file, model(#"{"type": "WordSoup", "vocab": {}}"#), "WordSoup"),
        Case("words without an unknown one", file, model(#"{"type": "WordLevel", "vocab": {"a": 0}}"#), "<unk>"),
        Case(
            "a key of a model that is not read", file,
            model(#"{"type": "WordLevel", "vocab": {"<unk>": 0}, "shuffles": 3}"#), "shuffles", "3"),
        Case("vocabulary is a list", file, model(#"{"type": "WordPiece", "vocab": []}"#), "model.vocab", "object"),
        Case("token twice", file, model(#"{"type": "WordPiece", "vocab": {"[UNK]": 0, "a": 1, "a": 2}}"#), "twice"),
        Case("id twice", file, model(#"{"type": "WordPiece", "vocab": {"[UNK]": 0, "a": 0}}"#), "[UNK]", "id 0"),
        Case("negative id", file, model(#"{"type": "WordPiece", "vocab": {"[UNK]": -1}}"#), "model.vocab"),
        Case("enormous id", file, model(#"{"type": "WordPiece", "vocab": {"[UNK]": 4000000000}}"#), "4194303"),
        Case(
            "id beyond 64 bits", file, model(#"{"type": "WordPiece", "vocab": {"[UNK]": 99999999999999999999}}"#),
            "vocab"),
        Case("fraction of an id", file, model(#"{"type": "WordPiece", "vocab": {"[UNK]": 0.5}}"#), "whole number"),
        Case("no unknown token", file, model(#"{"type": "WordPiece", "vocab": {"a": 0}}"#), "[UNK]", "not in"),
        Case(
            "enormous token", file,
            model(#"{"type": "WordPiece", "vocab": {"\#(String(repeating: "a", count: 5000))": 0}}"#), "5000", "4096"),
        Case(
            "dropout", file, model(#"{"type": "BPE", "dropout": 0.1, "vocab": {}, "merges": []}"#), "dropout", "null"),
        Case(
            "merge outside the vocabulary", file, model(#"{"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}"#),
            "merges[0]", "“b”"),
        Case(
            "merge of three", file, model(#"{"type": "BPE", "vocab": {"a": 0}, "merges": ["a a a"]}"#), "merges[0]"),
        Case(
            "merge list of one", file, model(#"{"type": "BPE", "vocab": {"a": 0}, "merges": [["a"]]}"#), "merges[0]"),
        Case(
            "merge twice", file,
            model(#"{"type": "BPE", "vocab": {"a": 0, "aa": 1}, "merges": ["a a", "a a"]}"#), "merges[1]", "twice"),
        Case(
            "unknown id beyond the vocabulary", file,
            model(#"{"type": "Unigram", "unk_id": 7, "vocab": [["a", 0]]}"#), "unk_id", "7"),
        Case("Unigram without unknown token", file, model(#"{"type": "Unigram", "vocab": [["a", 0]]}"#), "unknown"),
        Case("score is a text", file, model(#"{"type": "Unigram", "unk_id": 0, "vocab": [["a", "b"]]}"#), "number"),
        Case("infinite score", file, model(#"{"type": "Unigram", "unk_id": 0, "vocab": [["a", -1e999]]}"#), "finite"),
        Case("piece twice", file, model(#"{"type": "Unigram", "unk_id": 0, "vocab": [["a", 0], ["a", 1]]}"#), "twice"),
        Case("no score", file, model(#"{"type": "Unigram", "unk_id": 0, "vocab": [["a"]]}"#), "model.vocab"),
    ]

    private static func with(_ member: String) -> String {
        #"{"model": {"type": "WordPiece", "vocab": {"[UNK]": 0, "a": 1}}, \#(member)}"#
    }

    private static func template(single: String) -> String {
        let members = #""type": "TemplateProcessing", "single": [\#(single)], "pair": [], "special_tokens": {}"#
        return with(#""post_processor": {\#(members)}"#)
    }

    static let steps = [
        Case("unknown normalizer", file, with(#""normalizer": {"type": "Sparkle"}"#), "Sparkle", "normalizer"),
        Case("normalizer without type", file, with(#""normalizer": {}"#), "type"),
        Case("unknown pre-tokenizer", file, with(#""pre_tokenizer": {"type": "RandomCut"}"#), "RandomCut"),
        Case(
            "pieces without a length", file, with(#""pre_tokenizer": {"type": "FixedLength", "length": 0}"#),
            "whole number"),
        Case(
            "a key of a step that is not read", file,
            with(#""normalizer": {"type": "Lowercase", "locale": "tr"}"#), "locale", "tr"),
        Case("a key of the file that is not read", file, with(#""speller": {}"#), "speller"),
        Case("unknown decoder", file, with(#""decoder": {"type": "CTC"}"#), "CTC"),
        Case("unknown post-processor", file, with(#""post_processor": {"type": "Sparkle"}"#), "Sparkle"),
        Case(
            "character map cut off", file,
            with(#""normalizer": {"type": "Precompiled", "precompiled_charsmap": "/////w=="}"#),
            "precompiled_charsmap"),
        Case(
            "character map is no base 64", file,
            with(#""normalizer": {"type": "Precompiled", "precompiled_charsmap": "????"}"#), "precompiled_charsmap"),
        Case(
            "look-behind", file,
            with(#""pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(?<=a)b"}, "behavior": "Isolated"}"#),
            "pattern.Regex", "not supported"),
        Case(
            "expression that repeats nothing", file,
            with(#""pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(a*)*"}, "behavior": "Isolated"}"#),
            "pattern.Regex"),
        Case(
            "unknown behaviour", file,
            with(#""pre_tokenizer": {"type": "Split", "pattern": {"String": "a"}, "behavior": "Swallowed"}"#),
            "Isolated"),
        Case(
            "very many steps", file,
            with(
                #""normalizer": {"type": "Sequence", "normalizers": ["#
                    + Array(repeating: #"{"type": "NFC"}"#, count: 999).joined(separator: ",") + "]}"), "limit of 64"),
        Case(
            "template with two texts for one", file,
            template(single: #"{"Sequence": {"id": "B"}}"#), "single"),
        Case(
            "template with an unknown token", file,
            template(single: #"{"SpecialToken": {"id": "X"}}"#), "X"),
        Case(
            "added token with another token's id", file, with(#""added_tokens": [{"id": 1, "content": "[X]"}]"#),
            "[X]", "taken by “a”"),
        Case(
            "added token with another id than in the vocabulary", file,
            with(#""added_tokens": [{"id": 5, "content": "a"}]"#), "“a”", "id 1"),
    ]

    static let others = [
        Case(
            "token twice in vocab.txt", "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\na\n", "vocab.txt", "twice",
            "as 4"),
        Case("vocab.txt is no UTF-8", ["vocab.txt": [0x61, 0x0A, 0xFF]], ["vocab.txt", "byte 2"]),
        Case("vocab.txt without [SEP]", "vocab.txt", "[UNK]\n[CLS]\n", "[SEP]", "special_tokens_map.json"),
        Case("vocab.txt without [UNK]", "vocab.txt", "a\nb\n", "[UNK]"),
        Case("vocab.json without merges", "vocab.json", #"{"a": 0}"#, "merges.txt"),
        Case(
            "merges.txt with a line of three",
            ["vocab.json": Array(#"{"a": 0}"#.utf8), "merges.txt": Array("#version: 0.2\na a a\n".utf8)],
            ["merges.txt", "line 2"]),
        Case("SentencePiece model is text", "spiece.model", "hello", "spiece.model"),
        Case(
            "SentencePiece model with a length beyond its end", ["spiece.model": [0x0A, 0xFF, 0xFF, 0x7F]], ["spiece"]),
        Case(
            "SentencePiece model cut between two pieces",
            [
                "spiece.model": [0x0A, 0x03, 0x0A, 0x01, 0x61],
                "tokenizer_config.json": Array(#"{"tokenizer_class": "T5Tokenizer"}"#.utf8),
            ],
            ["cut short"]),
        Case(
            "SentencePiece model of another kind",
            [
                "spiece.model": [0x0A, 0x03, 0x0A, 0x01, 0x61, 0x12, 0x02, 0x18, 0x03],
                "tokenizer_config.json": Array(#"{"tokenizer_class": "T5Tokenizer"}"#.utf8),
            ],
            ["model_type"]),
        Case(
            "class that needs another reader",
            [
                "vocab.txt": Array("[UNK]\n".utf8),
                "tokenizer_config.json": Array(#"{"tokenizer_class": "ProphetNetTokenizer"}"#.utf8),
            ],
            ["ProphetNetTokenizer", "--inputs"]),
        Case(
            "class of a program of its own, named by the model's configuration",
            [
                "vocab.txt": Array("[UNK]\n[CLS]\n[SEP]\n".utf8),
                "tokenizer_config.json": Array(#"{"word_tokenizer_type": "mecab"}"#.utf8),
                "config.json": Array(#"{"model_type": "bert", "tokenizer_class": "BertJapaneseTokenizer"}"#.utf8),
            ],
            ["BertJapaneseTokenizer", "config.json"]),
        Case(
            "class that the library does not have",
            [
                "tokenizer.json": Array(#"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}"#.utf8),
                "tokenizer_config.json": Array(#"{"tokenizer_class": "OurTokenizer"}"#.utf8),
            ],
            ["OurTokenizer", "--ignore-config tokenizer_class"]),
        Case(
            "a key of the configuration that is not known",
            [
                "vocab.txt": Array("[UNK]\n[CLS]\n[SEP]\n".utf8),
                "tokenizer_config.json": Array(#"{"reverses_words": true}"#.utf8),
            ],
            ["reverses_words", "true", "--ignore-config reverses_words"]),
        Case(
            "a SentencePiece model of which nothing names the class",
            ["spiece.model": [0x0A, 0x03, 0x0A, 0x01, 0x61, 0x12, 0x02, 0x18, 0x01]],
            ["spiece.model", "tokenizer_class"]),
    ]
}
