import Foundation
import ReuseTransformers
import TestSupport
import Testing

@Suite("Pictures whose tokens are merged")
struct TokenMergingTests {
    /// The held-out pictures and their digits.
    private func pictures() throws -> (files: [URL], digits: [Int]) {
        var files: [URL] = [], digits: [Int] = []
        for digit in 0..<10 {
            let folder = Fixtures.vit.appending(path: "heldout/\(digit)")
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            files += names.map { folder.appending(path: $0) }
            digits += names.map { _ in digit }
        }
        return (files, digits)
    }

    @Test("a quarter of a vision transformer's work goes with its tokens, and half a point of its accuracy at most")
    func digits() async throws {
        let model = try await TransformerModel(at: Fixtures.vit), scratch = Scratch()
        let file = scratch.url("merged.reuse.h5")
        let converter = ModelConverter(model, .init(moves: .tokens))
        let data = CalibrationData.files([Fixtures.vit.appending(path: "calibration.npz")])
        let result = try await converter.convert(
            calibration: data, budget: .multiplyAdds(0.25, tokens: 1), to: file
        ).output
        #expect(result.comparison.multiplyAddsSaved >= 0.25)
        let merged = try await TransformerModel(at: file)
        let (files, digits) = try pictures()
        func correct(_ model: TransformerModel) async throws -> Int {
            zip(try await ImageClassifier(model).classify(files), digits).count { $0.best.index == $1 }
        }
        let before = try await correct(model), after = try await correct(merged)
        // 400 pictures: two are half a point.
        #expect(after >= before - 2, "\(before) before, \(after) after")
        // What has been merged is not converted again.
        await #expect {
            _ = try await ModelConverter(merged, .init(moves: .neurons)).convert(
                calibration: data, budget: .multiplyAdds(0.1, tokens: 1)
            ).output
        } throws: { ($0 as? TransformerError)?.kind == .usage }
    }
}
