import ReuseTransformers
import Testing

@Suite("Options of generation")
struct GenerationOptionsTests {
    @Test(
        "numbers that mean nothing are refused by name",
        arguments: [
            (TextGenerator.Options(maximumNewTokens: 0), "new tokens"),
            (TextGenerator.Options(maximumNewTokens: 1 << 21), "new tokens"),
            (TextGenerator.Options(sampling: .random(temperature: -1)), "temperature"),
            (TextGenerator.Options(sampling: .random(temperature: .nan)), "temperature"),
            (TextGenerator.Options(sampling: .random(topK: 0)), "top-k"),
            (TextGenerator.Options(sampling: .random(topP: 0)), "top-p"),
            (TextGenerator.Options(sampling: .random(topP: 1.5)), "top-p"),
            (TextGenerator.Options(sampling: .random(topP: .nan)), "top-p"),
        ])
    func refused(options: TextGenerator.Options, mention: String) {
        let error = #expect(throws: TransformerError.self) { try options.check() }
        #expect(error?.kind == .usage && error?.description.contains(mention) == true)
    }

    @Test("a generator refuses them too, before it computes anything")
    func generator() async throws {
        let generator = try TextGenerator(try await TransformerModel(at: Fixtures.gpt))
        await #expect(throws: TransformerError.self) {
            _ = try await generator.texts(after: ["a"], options: .init(maximumNewTokens: -3))
        }
    }

    @Test("any option about drawing asks for it, and none for the likeliest token")
    func drawing() throws {
        let plain = TextGenerator.Options(maximumNewTokens: 3, temperature: nil, topK: nil, topP: nil, seed: nil)
        #expect(plain == .init(maximumNewTokens: 3))
        let drawn = TextGenerator.Options(maximumNewTokens: nil, temperature: nil, topK: 5, topP: nil, seed: nil)
        #expect(drawn.sampling == .random(topK: 5))
        try drawn.check()
    }
}

@Suite("Names of ways to pool")
struct PoolingNameTests {
    @Test("every way has a name that is known, and cls is the first token")
    func names() {
        #expect(Set(TextEmbedder.Pooling.names.compactMap { TextEmbedder.Pooling(named: $0) }).count == 6)
        #expect(TextEmbedder.Pooling.allCases.allSatisfy { TextEmbedder.Pooling.names.contains($0.rawValue) })
        #expect(TextEmbedder.Pooling(named: "cls") == .first && TextEmbedder.Pooling(named: "middle") == nil)
    }
}
