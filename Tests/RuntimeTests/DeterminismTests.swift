import ModelGraph
import Runtime
import Tensors
import TestSupport
import Testing

@Suite("Results do not depend on how the work is cut")
struct DeterminismTests {
    private static func model() throws -> Model {
        try Model.random(
            EncoderShape(
                hidden: 48, heads: 3, feedForward: 96,
                layers: [
                    [.computed, .computed, .computed],
                    [
                        .reused(HeadID(node: attentionName(0), head: 1)), .computed,
                        .borrowed([MapTerm(map: .pattern(.mean))]),
                    ],
                ]), seed: 3)
    }

    @Test("threads, group sizes and batch mates change no bit", arguments: [1, 2, 3], [1, 40, 100, 512])
    func bits(_ threads: Int, _ groupTokens: Int) throws {
        let model = try Self.model()
        let sequences = randomSequences([3, 130, 7, 64, 1, 33, 12, 90], masked: false, seed: 5)
        let alone = try CompiledModel(model, options: .init(resources: .init(threads: 1)))
        let together = try CompiledModel(
            model, options: .init(resources: .init(threads: threads), groupTokens: groupTokens))
        let value = try #require(model.graph.value(ofOutput: "last_hidden_state"))
        let all = try together.vectors(of: value, for: sequences).floats
        for (index, sequence) in sequences.enumerated() {
            let one = try alone.vectors(of: value, for: [sequence]).floats
            #expect(one == Array(all[index * 48..<(index + 1) * 48]), "sequence \(index)")
        }
    }

    @Test("an empty batch gives no rows, an empty sequence zeros")
    func empty() throws {
        let model = try Self.model()
        let compiled = try CompiledModel(model, options: .init(resources: .init(threads: 2)))
        let value = try #require(model.graph.value(ofOutput: "last_hidden_state"))
        #expect(try compiled.vectors(of: value, for: []).count == 0)
        #expect(try compiled.vectors(of: value, for: [ModelInput(ids: [])]).floats.allSatisfy { $0 == 0 })
    }

    @Test("inputs that would leave a table are refused with the sequence's number")
    func refusals() throws {
        let model = try Self.model()
        let compiled = try CompiledModel(model, options: .init(resources: .init(threads: 1)))
        let value = try #require(model.graph.value(ofOutput: "last_hidden_state"))
        let good = ModelInput(ids: [1, 2])
        func failure(_ bad: ModelInput) -> RuntimeError? {
            do {
                _ = try compiled.vectors(of: value, for: [good, bad])
                return nil
            } catch { return error }
        }
        #expect(failure(ModelInput(ids: [1, 50])) == .idOutOfRange(index: 1, id: 50, limit: 50, what: "token id"))
        #expect(failure(ModelInput(ids: [-1])) == .idOutOfRange(index: 1, id: -1, limit: 50, what: "token id"))
        #expect(
            failure(ModelInput(ids: [1], types: [2])) == .idOutOfRange(index: 1, id: 2, limit: 2, what: "type id"))
        #expect(
            failure(ModelInput(ids: Array(repeating: 1, count: 201)))
                == .sequenceTooLong(index: 1, tokens: 201, limit: 200))
        #expect(failure(ModelInput(ids: [1, 2], mask: [true])) == .raggedSequence(index: 1))
    }
}
