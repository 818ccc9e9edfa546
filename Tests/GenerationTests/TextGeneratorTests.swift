import Generation
import ModelGraph
import Outputs
import Runtime
import Tensors
import Testing
import TestSupport

@Suite("Writing")
struct TextGeneratorTests {
    private func model(isCausal: Bool) throws -> Model {
        var shape = EncoderShape.computed(layers: 2)
        shape.mask = Attention.Mask(isCausal: isCausal)
        return try Model.random(shape, seed: 5)
    }

    private let prompts = randomSequences([4, 9, 1], masked: false, seed: 8).map { ModelInput(ids: $0.ids) }

    /// The most likely tokens, from a run over the whole text for each.
    private func expected(_ model: Model, _ prompt: ModelInput, count: Int) throws -> [Int32] {
        var text = prompt
        for _ in 0..<count {
            let outputs = try PaddedOutputs(of: model, for: [text], selecting: .logits, resources: .init(threads: 1))
            let logits = try #require(outputs.arrays.first { $0.name == "logits" }?.tensor)
            let row = Array(logits.floats.suffix(logits.shape[2]))
            text.ids.append(Int32(row.indices.reduce(0) { row[$1] > row[$0] ? $1 : $0 }))
        }
        return Array(text.ids.suffix(count))
    }

    @Test(
        "the likeliest tokens are written with kept keys and values, or by whole runs where a model looks ahead",
        arguments: [true, false])
    func greedy(_ isCausal: Bool) throws {
        let model = try model(isCausal: isCausal)
        let generator = try TextGenerator(model, resources: .init(threads: 2))
        #expect(generator.isIncremental == isCausal)
        let texts = try generator.texts(after: prompts, options: .init(maximumNewTokens: 7))
        for (text, prompt) in zip(texts, prompts) { #expect(try text == expected(model, prompt, count: 7)) }
    }

    @Test(
        "a text ends at an end token, at the model's last position, or at once without a token; others go on",
        arguments: [true, false])
    func ends(_ isCausal: Bool) throws {
        let model = try model(isCausal: isCausal)
        let generator = try TextGenerator(model, resources: .init(threads: 2))
        let long = ModelInput(ids: Array(repeating: 3, count: 198))
        let batch = [prompts[0], ModelInput(ids: []), long, prompts[1]]
        let free = try generator.texts(after: batch, options: .init(maximumNewTokens: 6))
        #expect(free.map(\.count) == [6, 0, 3, 6])
        let end = free[0][2]
        var tokens: [GeneratedToken] = []
        do {
            try generator.generate(batch, options: .init(maximumNewTokens: 6, endIDs: [end])) { (token) throws(Never) in
                tokens.append(token)
            }
        }
        for text in batch.indices {
            let own = tokens.filter { $0.text == text }
            let stop = free[text].firstIndex(of: end).map { $0 + 1 } ?? free[text].count
            #expect(own.map(\.id) == Array(free[text][..<stop]))
            #expect(own.dropLast().allSatisfy { !$0.isLast } && own.last?.isLast ?? true)
        }
    }

    @Test("tokens that are drawn depend on the seed and on the text's index, not on threads or on how a model runs")
    func drawn() throws {
        let model = try model(isCausal: true)
        let options = GenerationOptions(
            sampling: Sampling(temperature: 1.5, topK: 20, seed: 4), maximumNewTokens: 12)
        let one = try TextGenerator(model, resources: .init(threads: 1)).texts(after: prompts, options: options)
        #expect(try TextGenerator(model, resources: .init(threads: 3)).texts(after: prompts, options: options) == one)
        #expect(
            try TextGenerator(model, resources: .init(threads: 2)).texts(after: [prompts[0]], options: options) == [
                one[0]
            ])
    }

    @Test("a receiver's error ends the writing")
    func failure() throws {
        struct Enough: Error {}
        let generator = try TextGenerator(try model(isCausal: true), resources: .init(threads: 1))
        var count = 0
        #expect(throws: RunFailure<Enough>.self) {
            try generator.generate(prompts, options: .init(maximumNewTokens: 50)) { (_) throws(Enough) in
                count += 1
                if count == 5 { throw Enough() }
            }
        }
        #expect(count == 5)
    }
}
