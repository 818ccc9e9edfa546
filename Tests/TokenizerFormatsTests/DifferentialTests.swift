import Foundation
import Testing
import Tokenization
import TokenizerFormats

/// Cases made on the spot by scripts/check-tokenizers, which names their folder in the environment.
@Suite("Tokenizers against the reference library, on fresh texts")
struct DifferentialTests {
    static let folder = ProcessInfo.processInfo.environment["REUSEFORMER_TOKENIZER_CASES"]

    @Test("fresh and random texts are encoded as by the reference library", .enabled(if: folder != nil))
    func freshCases() throws {
        let root = URL(fileURLWithPath: DifferentialTests.folder ?? "")
        let names = try FileManager.default.contentsOfDirectory(atPath: root.path).sorted()
        for name in names {
            let folder = root.appendingPathComponent(name)
            let tokenizer = try Tokenizer.load(directory: folder.path)
            let lines = try Golden.lines([UInt8](try Data(contentsOf: folder.appendingPathComponent("golden.jsonl"))))
            let differences = lines.flatMap { Golden.differences(of: tokenizer, from: $0) }
            print("\(name): \(lines.count) texts, \(differences.count) differences")
            #expect(differences.isEmpty, "\(name): \(differences.prefix(12).joined(separator: "\n"))")
        }
    }
}
