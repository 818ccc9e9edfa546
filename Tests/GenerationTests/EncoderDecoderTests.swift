import Costs
import Generation
import ModelGraph
import Outputs
import Runtime
import Tensors
import Testing
import TestSupport

private func pair(_ source: ModelInput, _ target: [Int32], mask: [Bool] = []) -> ModelInput {
    ModelInput(
        ids: source.ids, mask: source.mask, arrays: ["decoder_input_ids": InputArray(ids: target, mask: mask)])
}

@Suite("Encoder–decoders")
struct EncoderDecoderTests {
    private func logits(_ model: Model, _ sequences: [ModelInput]) throws -> [[[Float]]] {
        let compiled = try CompiledModel(
            model, options: .init(resources: .init(threads: 2), observation: .init(values: ["head"])))
        var result: [[[Float]]] = []
        try compiled.run(sequences) { (group: GroupResult) throws(Never) in
            guard let rows = group.value("head") else { return }
            for sequence in group.sequences { result.append(sequence.rows.map { Array(rows.row($0)) }) }
        }
        return result
    }

    @Test(
        "decoding keeps the memory's keys and values once and gives the logits of whole runs", arguments: [false, true])
    func decoding(_ borrows: Bool) throws {
        let model = translator(borrows: borrows)
        let sources = randomSequences([5, 12, 3], masked: true, seed: 2).map {
            ModelInput(ids: $0.ids, mask: $0.mask)
        }
        var targets: [[Int32]] = [[1], [1, 4, 6], [1, 2]]
        let decoder = try DecoderModel(model)
        #expect(decoder.tokenInput == "decoder_input_ids")
        #expect(decoder.cacheBytesPerMemoryRow == (borrows ? 3 : 4) * 32 * 4)
        let cost = model.graph.cost(tokens: 10)
        #expect(cost.memoryCacheBytes == decoder.cacheBytesPerMemoryRow)
        #expect(cost.cacheBytes == decoder.cacheBytesPerToken)
        let session = try decoder.session(zip(sources, targets).map { pair($0, $1) })
        for token: Int32 in 0..<12 {
            let expected = try logits(model, zip(sources, targets).map { pair($0, $1) })
            for index in targets.indices {
                let last = try #require(expected[index].last)
                let difference = zip(session.logits(of: index), last).reduce(0) { max($0, abs($1.0 - $1.1)) }
                #expect(difference < 2e-5)
            }
            try session.step(targets.indices.map { (token * 5 + Int32($0)) % 50 })
            for index in targets.indices { targets[index].append((token * 5 + Int32(index)) % 50) }
        }
    }

    @Test("hidden target tokens are seen by no other token, and see what comes before them")
    func hiddenTargets() throws {
        let model = translator(borrows: true)
        let source = ModelInput(ids: [3, 1, 4, 1, 5])
        let full = try logits(model, [pair(source, [7, 8, 9])])[0]
        let padded = try logits(model, [pair(source, [7, 8, 9, 0, 0], mask: [true, true, true, false, false])])[0]
        #expect(Array(padded.prefix(3)) == full)
        #expect(padded.count == 5 && padded[3] != padded[4])
        // Hidden on the left: the positions stay those of the padded text.
        let left = try logits(model, [pair(source, [0, 0, 7, 8], mask: [false, false, true, true])])[0]
        let moved = try logits(model, [pair(source, [0, 0, 7, 8])])[0]
        #expect(left[0] != moved[2])
        #expect(left.allSatisfy { $0.allSatisfy(\.isFinite) })
    }

    @Test("outputs and maps of encoder–decoders have the frameworks' names")
    func names() throws {
        let sequences = [pair(ModelInput(ids: [1, 2, 3]), [4, 5]), pair(ModelInput(ids: [6]), [7])]
        let outputs = try PaddedOutputs(of: translator(borrows: true), for: sequences, selecting: .all)
        let shapes = Dictionary(uniqueKeysWithValues: outputs.arrays.map { ($0.name, $0.tensor.shape) })
        #expect(
            shapes == [
                "encoder_hidden_states": [2, 2, 3, 32], "decoder_hidden_states": [2, 2, 2, 32], "logits": [2, 2, 50],
                "encoder_attentions_0": [2, 2, 3, 3], "decoder_attentions_0": [2, 2, 2, 2],
                "decoder_attentions_1": [2, 2, 2, 2], "cross_attentions_0": [2, 2, 2, 3],
                "cross_attentions_1": [2, 2, 2, 3],
            ])
    }
}
