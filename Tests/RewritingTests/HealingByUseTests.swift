import ModelGraph
import Rewriting
import Runtime
import Tensors
import TestSupport
import Testing

/// Repairs are judged by what a model is used for, not by how near its layers come.
@Suite("Healing by a model's own use")
struct HealingByUseTests {
    /// Under a causal mask the first token sees itself alone: its map is the same for every head, so taking over maps
    /// leaves its row as it is, and any repair of the other rows disturbs it.
    private let model = Model.random(layers: 2, seed: 5, mask: .init(isCausal: true))
    private let sequences = randomSequences(200, seed: 31)

    private var plan: ReusePlan {
        var plan = ReusePlan(of: model.graph)
        for layer in plan.layers.indices where plan.layers[layer].node == attentionName(1) {
            for index in 0..<2 { plan.layers[layer].heads[index].source = .reused(head(0, index)) }
        }
        return plan
    }

    private func converted(_ pooling: Pooling?) throws -> Converter.Result {
        try Converter(options: .init(resources: .init(threads: 2), pooling: pooling))
            .convert(model, plan: plan, calibration: CalibrationSet(sequences))
    }

    @Test("a repair that brings all tokens nearer and the embedding further away is taken back")
    func takenBack() throws {
        let byFirst = try converted(.first)
        #expect(byFirst.healing.outcome == .takenBack)
        #expect(byFirst.healing.before.damage < 1e-9 && byFirst.healing.after == byFirst.healing.before)
        // The layer came nearer to the source's, on texts that no fit has seen.
        #expect(byFirst.healing.steps.contains { $0.verdict == .worseOutput && ($0.remaining ?? 1) < 0.99 })
        #expect(!byFirst.healing.steps.contains { $0.verdict == .kept })
        // What was left is the plan applied, and nothing else.
        let plain = try model.applying(plan)
        #expect(byFirst.model.tensors.mapValues(\.digest) == plain.tensors.mapValues(\.digest))
    }

    @Test("damage is that of the embedding the model is used for: the first token's is another than the mean's")
    func pooling() throws {
        let rewrite = try model.applying(plan)
        func damage(_ pooling: Pooling?) throws -> OutputDifference {
            try OutputProbe(
                source: model, sequences: Array(sequences.prefix(40)), pooling: pooling, resources: .init(threads: 2)
            ).difference(of: rewrite)
        }
        let first = try damage(.first), mean = try damage(.mean)
        #expect(first.damage < 1e-9 && mean.damage > 1e-5)
        // Without a word, as ever: the mean.
        #expect(try damage(nil) == mean)
    }

    @Test("a model whose graph makes its own embedding is pooled as the user says")
    func ownEmbedding() throws {
        let own = try model.pooled(by: .first)
        #expect(own.graph.embeddingPoolings == [.first])
        #expect(try own.pooled(by: .mean).graph.embeddingPoolings == [.mean])
        #expect(try own.pooled(by: nil).graph == own.graph)
        let tokens = ModelInput(ids: [4, 7, 9])
        let value = try #require(own.graph.embedding)
        let vector = try CompiledModel(own, options: .init(observation: Observation(values: [value])))
            .vectors(of: value, for: [tokens]).floats
        let states = try #require(model.graph.lastHiddenState)
        let first = try CompiledModel(model, options: .init(observation: Observation(values: [states])))
            .vectors(of: states, for: [tokens], pooling: .first).floats
        #expect(vector == first)
    }

    @Test("the row that is read weighs as much as all others of its text")
    func emphasis() throws {
        let first = RowEmphasis(rows: .tokens, isFirst: true), last = RowEmphasis(rows: .tokens, isFirst: false)
        #expect(first.weighted([0..<4, 4..<6, 6..<7]) == [0..<4, 0..<1, 0..<1, 4..<6, 6..<7])
        #expect(last.weighted([0..<4]) == [0..<4, 3..<4, 3..<4])
        #expect(first.place(among: [0, 2], of: 5) == 0 && first.place(among: [1, 2], of: 5) == nil)
        #expect(last.place(among: [1, 4], of: 5) == 1 && last.place(among: [1, 3], of: 5) == nil)
        #expect(model.graph.emphasis() == nil && model.graph.emphasis(pooling: .mean) == nil)
        #expect(model.graph.emphasis(pooling: .first) == first)
        #expect(try model.pooled(by: .last).graph.emphasis() == last)
        #expect(Model.random(layers: 1, seed: 1, use: .classifier).graph.emphasis() == nil)
    }

    @Test("worse is: further away in what the use reads, or more changed classes than chance explains")
    func worse() {
        func predictions(_ divergence: Double, _ disagreement: Double, perplexity: Double? = nil) -> OutputDifference {
            OutputDifference(
                divergence: divergence, disagreement: disagreement, predictions: 100, perplexity: perplexity)
        }
        #expect(predictions(0.2, 0).isWorse(than: predictions(0.1, 0.5)))
        #expect(!predictions(0.1, 0.03).isWorse(than: predictions(0.2, 0.02)))
        #expect(predictions(0.1, 0.2).isWorse(than: predictions(0.2, 0.02)))
        #expect(predictions(0.1, 0, perplexity: 1.02).isWorse(than: predictions(0.2, 0, perplexity: 1.01)))
        #expect(!predictions(0.1, 0, perplexity: 1).isWorse(than: predictions(0.2, 0, perplexity: 0.98)))
        let near = OutputDifference(cosine: 0.01, pairs: 0.1), nearer = OutputDifference(cosine: 0.02, pairs: 0.05)
        #expect(nearer.isWorse(than: near) && near.isWorse(than: nearer) && !near.isWorse(than: near))
        #expect(OutputDifference(numbers: 0.2).isWorse(than: OutputDifference(numbers: 0.1)))
    }
}
