import Foundation
import ReuseTransformers
import Testing

@Suite("Texts that models write")
struct TextGeneratorTests {
    /// A prompt of the framework's and the tokens that its own `generate` adds.
    private func reference(_ model: TransformerModel, _ number: Int) throws -> (prompt: String, ids: [Int32]) {
        let arrays = try Fixtures.reference(Fixtures.gpt)
        let prompt = try #require(arrays["prompt_\(number)"]).floats.map { Int32($0) }
        let ids = try #require(arrays["greedy_\(number)"]).floats.map { Int32($0) }
        return (try model.tokenizer().decode(prompt, cleanUpSpaces: false), ids)
    }

    @Test("a language model goes on as the framework's own generator does", arguments: [0, 1])
    func greedy(_ number: Int) async throws {
        let model = try await TransformerModel(at: Fixtures.gpt)
        let (prompt, ids) = try reference(model, number)
        let generator = try TextGenerator(model, resources: ComputeResources(threads: 1))
        let result = try await generator.texts(after: [prompt], options: .init(maximumNewTokens: ids.count))[0]
        #expect(result.tokenIDs == ids && result.prompt == prompt)
    }

    @Test("tokens that come one by one are those of the whole text, and their pieces put together are the text")
    func pieces() async throws {
        let generator = try TextGenerator(try await TransformerModel(at: Fixtures.gpt))
        let options = TextGenerator.Options(
            maximumNewTokens: 20, sampling: .random(temperature: 0.9, topK: 50, topP: 0.95, seed: 7))
        var tokens: [GeneratedToken] = []
        for try await token in generator.tokens(after: "ROMEO:", options: options) { tokens.append(token) }
        let whole = try await generator.texts(after: ["ROMEO:"], options: options)[0]
        #expect(tokens.map(\.id) == whole.tokenIDs && tokens.map(\.text).joined() == whole.text)
        #expect(tokens.last?.isLast == true && tokens.dropLast().allSatisfy { !$0.isLast })
    }

    @Test("an encoder–decoder answers a source as the framework does: here it sorts digits")
    func answers() async throws {
        let generator = try TextGenerator(try await TransformerModel(at: Fixtures.t5))
        #expect(!generator.continuesPrompts)
        let sources = ["29782", "713", "1980077658"]
        let answers = try await generator.texts(after: sources)
        #expect(answers.map(\.text) == ["22789", "137", "0015677889"])
        #expect(answers.allSatisfy { $0.isFinished })
    }

    @Test("writing ends when the loop is left, and the generator serves the next caller")
    func left() async throws {
        let generator = try TextGenerator(
            try await TransformerModel(at: Fixtures.gpt), resources: ComputeResources(threads: 1))
        for _ in 0..<3 {
            var count = 0
            for try await _ in generator.tokens(after: "A", options: .init(maximumNewTokens: 10_000)) {
                count += 1
                if count == 2 { break }
            }
            #expect(count == 2)
        }
    }

    @Test("a cancelled task's sequence ends with the error that says so")
    func cancelled() async throws {
        let generator = try TextGenerator(try await TransformerModel(at: Fixtures.gpt))
        let task = Task { () throws(TransformerError) -> Int in
            var count = 0
            for try await _ in generator.tokens(after: "A", options: .init(maximumNewTokens: 10_000)) {
                count += 1
                if count == 3 { withUnsafeCurrentTask { $0?.cancel() } }
            }
            return count
        }
        let result = await task.result
        #expect { try result.get() } throws: { ($0 as? TransformerError)?.kind == .cancelled }
    }

    @Test("a model that predicts no next token writes nothing")
    func noLanguageModel() async throws {
        let model = try await Fixtures.encoderModel()
        #expect { try TextGenerator(model) } throws: { ($0 as? TransformerError)?.kind == .usage }
    }
}
