import JSON
import Tokenization
import TokenizerFormats

extension FuzzTarget {
    static let tokenizerJSON = FuzzTarget("tokenizer-json") { bytes in
        tokenize(["tokenizer.json": Array(bytes)])
    }

    /// `vocab.txt`, a zero byte, `tokenizer_config.json`.
    static let vocabulary = FuzzTarget("vocabulary") { bytes in
        var intake = Intake(bytes)
        tokenize(["vocab.txt": intake.upToZero(), "tokenizer_config.json": intake.all()])
    }

    /// `vocab.json`, a zero byte, `merges.txt`.
    static let bytePairs = FuzzTarget("byte-pairs") { bytes in
        var intake = Intake(bytes)
        tokenize(["vocab.json": intake.upToZero(), "merges.txt": intake.all()])
    }

    /// A SentencePiece model, read as T5's and as XLM-RoBERTa's.
    static let sentencePiece = FuzzTarget("sentence-piece") { bytes in
        tokenize(["spiece.model": Array(bytes)])
        tokenize(["sentencepiece.bpe.model": Array(bytes)])
    }

    /// `tokenizer_config.json`, a zero byte, `special_tokens_map.json`, a zero byte, `added_tokens.json`; beside a
    /// small vocabulary.
    static let tokenizerConfig = FuzzTarget("tokenizer-config") { bytes in
        var intake = Intake(bytes)
        var files = ["vocab.txt": Array("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\nold\n##s\n".utf8)]
        for name in ["tokenizer_config.json", "special_tokens_map.json"] {
            let part = intake.upToZero()
            if !part.isEmpty { files[name] = part }
        }
        let rest = intake.all()
        if !rest.isEmpty { files["added_tokens.json"] = rest }
        if let config = files["tokenizer_config.json"].flatMap({ try? JSONValue(parsing: $0, file: "config") }) {
            let ledger = TokenizerKeys.ledger(of: config, ignoring: ["chat_template"])
            precondition(ledger.problems.count == ledger.refusals.count, "a refusal without a problem")
        }
        tokenize(files)
    }

    /// KerasHub's `tokenizer.json`, a zero byte, `preprocessor.json`, a zero byte, and a vocabulary: a SentencePiece
    /// model, a list of words, or JSON, a zero byte and merges.
    static let kerasHubTokenizer = FuzzTarget("kerashub-tokenizer") { bytes in
        var intake = Intake(bytes)
        var files = ["tokenizer.json": intake.upToZero()]
        let preprocessor = intake.upToZero()
        if !preprocessor.isEmpty { files["preprocessor.json"] = preprocessor }
        switch intake.rest.first {
        case UInt8(ascii: "{"):
            files["vocabulary.json"] = intake.upToZero()
            files["merges.txt"] = intake.all()
        case 0x0A: files["vocabulary.spm"] = intake.all()
        default: files["vocabulary.txt"] = intake.all()
        }
        tokenize(files)
    }

    private static let texts = [
        "The tulips aren't [MASK] old.", "naïve 漢字 👩‍👩‍👧 e\u{301}\u{0}\u{FFFD}", "<mask>\r\n  x",
    ]

    private static func tokenize(_ files: [String: [UInt8]]) {
        guard let tokenizer = try? Tokenizer.load(files: TokenizerFiles(files)) else { return }
        for text in texts {
            let encoding = tokenizer.encode(text, pair: text, maxLength: 32)
            precondition(encoding.ids.count <= 32, "longer than asked for")
            precondition(encoding.ids.allSatisfy { $0 >= 0 }, "a negative id")
            _ = tokenizer.decode(encoding.ids)
        }
        _ = tokenizer.decode([-1, 0, 7, .max])
    }
}
