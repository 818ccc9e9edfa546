import Platform
import Testing
import Tokenization
import TokenizerFormats

/// Sound files with bytes changed: whatever happens, the process lives on.
@Suite("Tokenizer files with changed bytes")
struct MutationTests {
    private static let texts = [
        "The tulips aren't [MASK] old.", "naïve 漢字 👩‍👩‍👧 e\u{301}\u{0}\u{FFFD}", "<mask>\r\n  x",
    ]

    @Test(
        "files with changed bytes are refused or read, and never harm the process",
        arguments: [
            ("bert", ["tokenizer.json"]), ("bert_mlm", ["vocab.txt"]), ("gpt2", ["vocab.json", "merges.txt"]),
            ("variants/clip", ["tokenizer.json"]), ("variants/sentencepiece_bpe", ["tokenizer.json"]),
            ("variants/unigram_cleaned", ["tokenizer.json"]), ("t5", ["spiece.model"]),
        ])
    func survives(name: String, names: [String]) throws {
        var random = SplitMix(seed: 20_260)
        let sound = try Fixture.files(name, names).contents
        // A model of a quarter of a megabyte takes long to read without optimization.
        for _ in 0..<(name == "t5" ? 12 : 60) {
            var contents = sound
            for file in names {
                var bytes = contents[file] ?? []
                for _ in 0..<Int(1 + random.next() % 6) {
                    let at = Int(random.next() % UInt64(bytes.count))
                    switch random.next() % 4 {
                    case 0: bytes[at] = UInt8(truncatingIfNeeded: random.next())
                    case 1: bytes.remove(at: at)
                    case 2: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: at)
                    default: bytes[at] ^= 1 << UInt8(random.next() % 8)
                    }
                }
                contents[file] = bytes
            }
            guard let tokenizer = try? Tokenizer.load(files: TokenizerFiles(contents)) else { continue }
            for text in Self.texts {
                let encoding = tokenizer.encode(text, pair: text, maxLength: 32)
                #expect(encoding.ids.count <= 32)
                #expect(encoding.ids.allSatisfy { $0 >= 0 && Int($0) < max(tokenizer.idBound, 1 << 22) })
                _ = tokenizer.decode(encoding.ids)
            }
        }
    }
}
