import Benchmark
import Foundation
import Tokenization
import TokenizerFormats

/// Folders of fixtures/tokenizers with the kind of tokenizer that each stands for.
private let kinds = [
    ("bert", "WordPiece"), ("gpt2", "byte-level BPE"), ("t5", "Unigram"), ("xlm_roberta", "Unigram, fairseq's ids"),
]

let benchmarks: @Sendable () -> Void = {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
    let text = root.appending(path: "fixtures/texts/heldout.txt")
    let contents = (try? String(contentsOf: text, encoding: .utf8)) ?? ""
    let lines = contents.split(separator: "\n").prefix(200).map(String.init)
    let configuration = Benchmark.Configuration(
        metrics: [.wallClock, .throughput], warmupIterations: 2, maxDuration: .seconds(2))
    for (folder, kind) in kinds {
        let path = root.appending(path: "fixtures/tokenizers/\(folder)").path
        Benchmark("\(folder) (\(kind)): \(lines.count) texts", configuration: configuration) { benchmark in
            let tokenizer = try Tokenizer.load(directory: path)
            benchmark.startMeasurement()
            for _ in benchmark.scaledIterations { for line in lines { blackHole(tokenizer.encode(line)) } }
        }
        Benchmark("\(folder) (\(kind)): loading", configuration: configuration) { benchmark in
            for _ in benchmark.scaledIterations { blackHole(try Tokenizer.load(directory: path)) }
        }
    }
}
