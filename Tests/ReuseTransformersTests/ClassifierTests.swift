import Foundation
import ReuseTransformers
import TestSupport
import Testing

@Suite("Classes of texts and pictures")
struct ClassifierTests {
    @Test("handwritten digits are told, from files and from bytes alike")
    func digits() async throws {
        let classifier = try ImageClassifier(try await TransformerModel(at: Fixtures.vit))
        var files: [URL] = [], digits: [Int] = []
        for digit in 0..<10 {
            let folder = Fixtures.vit.appending(path: "heldout/\(digit)")
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().prefix(2)
            files += names.map { folder.appending(path: $0) }
            digits += names.map { _ in digit }
        }
        let results = try await classifier.classify(files)
        // Keras itself finds 95.5 % of all held-out pictures.
        #expect(zip(results, digits).count { $0.best.index == $1 } >= 17)
        for result in results {
            #expect(result.classes.count == 10)
            #expect(abs(result.classes.reduce(0) { $0 + $1.probability } - 1) < 1e-9)
            #expect(zip(result.classes, result.classes.dropFirst()).allSatisfy { $0.probability >= $1.probability })
        }
        let bytes = try files.prefix(3).map { try Data(contentsOf: $0) }
        #expect(try await classifier.classify(bytes) == Array(results.prefix(3)))
    }

    @Test("a damaged picture is told apart from one that is not there")
    func damagedPicture() async throws {
        let classifier = try ImageClassifier(try await TransformerModel(at: Fixtures.vit))
        await #expect { try await classifier.classify([Data([1, 2, 3])]) } throws: {
            ($0 as? TransformerError)?.kind == .corrupt
        }
        await #expect { try await classifier.classify([URL(filePath: "/nothing/here.png")]) } throws: {
            ($0 as? TransformerError)?.kind == .inputOutput
        }
    }

    @Test("the classes of a text are the softmax of its scores, under the names of the configuration")
    func texts() async throws {
        let scratch = Scratch(), checkpoints = Fixtures.root.appending(path: "checkpoints")
        let folder = scratch.url("classifier")
        try FileManager.default.copyItem(at: checkpoints.appending(path: "distilbert_split"), to: folder)
        let letters = (0..<25).map { String(UnicodeScalar(UInt8(97 + $0))) }
        let vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + letters
        try Data((vocabulary.joined(separator: "\n") + "\n").utf8).write(to: folder.appending(path: "vocab.txt"))
        let model = try await TransformerModel(at: folder)
        let classifier = try TextClassifier(model)
        let result = try await classifier.classify("a b c")
        #expect(result.classes.map(\.label).sorted() == ["no", "perhaps", "yes"])
        let exponentials = result.classes.map { exp(Double($0.score)) }
        for (type, value) in zip(result.classes, exponentials) {
            #expect(abs(type.probability - value / exponentials.reduce(0, +)) < 1e-9)
        }
        #expect(try await classifier.classify(["z", "a b c"])[1] == result)
        #expect { try TextClassifier(try Self.encoder.get()) } throws: { ($0 as? TransformerError)?.kind == .usage }
    }

    private static let encoder = Result { try TransformerModel(path: Fixtures.encoder.path) }
}
