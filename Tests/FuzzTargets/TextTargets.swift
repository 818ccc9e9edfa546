import Inputs
import Tensors
import Tokenization

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

    static let numpyArchive = FuzzTarget("npz") { bytes in
        withFile(Array(bytes), named: "array.npz") { path in
            _ = try? ZipArchive.storedMember(named: "model.weights.h5", ofFileAt: path)
            guard let archive = try? NumPyArchive(path: path) else { return }
            for name in archive.names.prefix(8) {
                guard let tensor = try? archive.tensor(named: name) else { continue }
                precondition(tensor.withUnsafeBytes { $0.count } == tensor.byteCount)
            }
        }
    }

    static let numpyArray = FuzzTarget("npy") { bytes in
        withFile(Array(bytes), named: "array.npy") { path in
            guard let tensor = try? NumPyArray.read(path: path) else { return }
            precondition(tensor.withUnsafeBytes { $0.count } == tensor.byteCount)
        }
    }
}
