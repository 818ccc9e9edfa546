import Foundation
import ModelGraph
import Outputs
import Runtime
import Tensors
import Testing
import TestSupport
import Verification

@Suite("Evaluating a model")
struct EvaluatorTests {
    /// −ln p of each token but the first, from the logits that the runtime lays out as a framework does.
    private func losses(_ model: Model, _ text: ModelInput) throws -> [Double] {
        let outputs = try PaddedOutputs(of: model, for: [text], selecting: .logits)
        let logits = try #require(outputs.arrays.first { $0.name == "logits" }?.tensor.floats)
        return (1..<text.ids.count).map { place in
            let row = logits[(place - 1) * 30..<place * 30].map(Double.init)
            return log(row.map { exp($0) }.reduce(0, +)) - row[Int(text.ids[place])]
        }
    }

    @Test("perplexity is e to the mean loss of all tokens but each text's first")
    func perplexity() throws {
        let model = tinyEncoder(), texts = tinyTexts()
        let evaluator = try Evaluator(model)
        var found = Evaluator.Losses()
        // In two parts: sums go on.
        try evaluator.addLosses(of: Array(texts[..<5]), to: &found)
        try evaluator.addLosses(of: Array(texts[5...]), to: &found)
        let expected = try texts.flatMap { try losses(model, $0) }
        #expect(found.count == expected.count)
        #expect(abs(found.perplexity / exp(expected.reduce(0, +) / Double(expected.count)) - 1) < 1e-6)
    }

    @Test("a text longer than the model's sequences is read in windows, each token counted once")
    func windows() throws {
        let model = tinyEncoder()
        let ids = (0..<150).map { Int32($0 * 7 % 30) }
        var found = Evaluator.Losses()
        try Evaluator(model).addLosses(of: [ModelInput(ids: ids)], stride: 16, to: &found)
        var expected = try losses(model, ModelInput(ids: Array(ids[..<64])))
        for start in stride(from: 16, through: 96, by: 16) {
            let window = ModelInput(ids: Array(ids[start..<min(start + 64, 150)]))
            let last = try losses(model, window)
            expected += last.suffix(min(start + 64, 150) - min(start + 48, 150))
        }
        #expect(found.count == 149 && expected.count == 149)
        #expect(abs(found.sum - expected.reduce(0, +)) < 1e-3)
    }

    @Test("a uniform model has the perplexity of its vocabulary")
    func uniform() throws {
        var model = tinyEncoder()
        for name in ["logits/weight", "logits/bias"] as [ParameterID] {
            if let tensor = model.tensors[name] {
                model.tensors[name] = Tensor([Float](repeating: 0, count: tensor.count), shape: tensor.shape)
            }
        }
        var found = Evaluator.Losses()
        try Evaluator(model).addLosses(of: tinyTexts(), to: &found)
        #expect(abs(found.perplexity - 30) < 1e-4)
    }

    @Test("similarities are cosines of mean-pooled hidden states")
    func similarities() throws {
        let model = tinyEncoder(), texts = tinyTexts(4)
        let found = try Evaluator(model).similarities(ofPairs: [texts[0], texts[1], texts[2], texts[2]])
        let hidden = try PaddedOutputs(of: model, for: Array(texts[..<2]), selecting: .hidden)
        let last = try #require(hidden.arrays.first { $0.name == "last_hidden_state" }?.tensor)
        let length = last.shape[1]
        let means = (0..<2).map { text in
            (0..<8).map { column in
                (0..<texts[text].ids.count).map { Double(last.floats[(text * length + $0) * 8 + column]) }.reduce(0, +)
            }
        }
        func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).map { $0 * $1 }.reduce(0, +) }
        let cosine = dot(means[0], means[1]) / (dot(means[0], means[0]) * dot(means[1], means[1])).squareRoot()
        #expect(abs(found[0] - cosine) < 1e-5)
        #expect(abs(found[1] - 1) < 1e-9)
    }

    @Test("a model that gives logits for each token has no class for a whole text")
    func noClasses() throws {
        #expect(try Evaluator(tinyEncoder()).classes(of: tinyTexts(2)) == nil)
    }
}
