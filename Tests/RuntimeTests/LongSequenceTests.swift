import ModelGraph
import Outputs
import Runtime
import Testing
import TestSupport

/// A hundred thousand tokens and more: attention itself takes memory by the token, what is kept or handed out by the
/// square of them, and that is refused before it is asked for.
@Suite("Sequences that are too long for the machine")
struct LongSequenceTests {
    /// Maps of so many tokens are 64 TB each.
    private static let sequence = ModelInput(ids: Array(repeating: 1, count: 4_000_000))

    private static func model(reuses: Bool) -> Model {
        let first = HeadID(node: attentionName(0), head: 0)
        let second: [HeadSource] = reuses ? [.reused(first), .computed, .computed] : [.computed, .computed, .computed]
        let stack = EncoderStack(
            EncoderShape(layers: [[.computed, .computed, .computed], second]), from: "embeddings")
        // No table of positions, as in models of rotary or relative ones: nothing else ends a sequence.
        let embedding = Node(
            name: "embeddings", operation: .embedding(Embedding(vocabulary: 50, width: 24)), inputs: ["input_ids"])
        let graph = Graph(
            inputs: ["input_ids"], nodes: [embedding] + stack.nodes,
            outputs: [.init(name: "last_hidden_state", value: stack.stream)], hiddenStates: stack.hiddenStates)
        return Model(randomFor: graph, spread: 0.3, seed: 3)
    }

    @Test("maps that are kept for a later layer are refused by their size")
    func kept() throws {
        let compiled = try CompiledModel(Self.model(reuses: true), options: .init(resources: .init(threads: 1)))
        let error = #expect(throws: RuntimeError.self) { try compiled.check([Self.sequence]) }
        #expect(error?.kind == .usage)
        #expect(error?.description.contains("kept attention maps of 4000000 tokens would take 64000.0 GB") == true)
        // Without reuse nothing is kept.
        let plain = try CompiledModel(Self.model(reuses: false), options: .init(resources: .init(threads: 1)))
        try plain.check([Self.sequence])
    }

    @Test("maps that are asked for are refused by their size")
    func handedOut() throws {
        let error = #expect(throws: RuntimeError.self) {
            try PaddedOutputs(
                of: Self.model(reuses: false), for: [Self.sequence], selecting: .attentions,
                resources: .init(threads: 1))
        }
        #expect(error?.description.contains("what is asked for of 4000000 tokens would take 768000.0 GB") == true)
    }
}
