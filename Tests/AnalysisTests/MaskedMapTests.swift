import Analysis
import ModelGraph
import Outputs
import Runtime
import Tensors
import Testing
import TestSupport

private let masks: [Attention.Mask] = [.init(), .init(isCausal: true), .init(isCausal: true, window: 3)]

@Suite("Maps under masks")
struct MaskedMapTests {
    @Test("similarity counts the queries that see at least two keys, and compares all that they see", arguments: masks)
    func similarity(_ mask: Attention.Mask) throws {
        let model = Model.random(layers: 2, seed: 13, mask: mask)
        let pairs = MapPairs(model.graph)
        let sequences = randomSequences(30, seed: 4)
        let pass = try SimilarityPass(
            model, pairs: pairs, sequences: sequences, separators: [], resources: .init(threads: 2))
        // The same from whole maps, by the definition.
        var sums = [Double](repeating: 0, count: pairs.pairs.count), rows = 0.0
        let compiled = try CompiledModel(model, options: .init(observation: .init(maps: Set(pairs.nodes))))
        try compiled.run(sequences) { (group: GroupResult) throws(Never) in
            for sequence in group.sequences {
                let maps = pairs.heads.map { group.map($0, of: sequence)?.floats ?? [] }
                let n = sequence.visible
                for query in (mask.isCausal ? 1 : 0)..<n {
                    rows += 1
                    for (index, pair) in pairs.pairs.enumerated() {
                        let distance = (0..<n).reduce(0.0) {
                            $0 + abs(Double(maps[pair.later][query * n + $1] - maps[pair.earlier][query * n + $1]))
                        }
                        sums[index] += 1 - distance / 2
                    }
                }
            }
        }
        for (index, sum) in sums.enumerated() { #expect(abs(pass.similarity[index] - sum / rows) < 1e-5) }
    }

    @Test("local damage is that of the contexts which the rewritten model computes", arguments: masks)
    func candidates(_ mask: Attention.Mask) throws {
        for (groups, hasBiases) in [(3, true), (1, false)] {
            let model = Model.random(layers: 2, seed: 29, mask: mask, groups: groups, hasBiases: hasBiases)
            let sequences = randomSequences(40, seed: 6)
            let pairs = MapPairs(model.graph)
            let pass = try CandidatePass(
                model, pairs: pairs, similarity: [Double](repeating: 0, count: pairs.pairs.count),
                sequences: sequences, resources: .init(threads: 2))
            let id = head(1, 1)
            let candidates = try #require(pass.heads.first { $0.id == id })
            #expect(candidates.maps.count == 5 + StaticPattern.allCases.count)
            let own = try outputs(of: model, id, sequences)
            #expect(abs(candidates.energy - product(own, own)) < 1e-4 * candidates.energy)
            for (index, map) in candidates.maps.enumerated() {
                var plan = ReusePlan(of: model.graph)
                plan.set(.borrowed([MapTerm(map: map)]), of: id)
                let other = try outputs(of: try model.applying(plan), id, sequences)
                let mixed = candidates.gram[0, index + 1], square = candidates.gram[index + 1, index + 1]
                #expect(abs(mixed - product(own, other)) < 1e-4 * candidates.energy)
                #expect(abs(square - product(other, other)) < 1e-4 * candidates.energy)
            }
        }
    }

    /// What a head adds to its node's output, about the mean, row by row.
    private func outputs(of model: Model, _ id: HeadID, _ sequences: [ModelInput]) throws -> [[Double]] {
        let compiled = try CompiledModel(model, options: .init(observation: .init(contexts: [id.node])))
        let contexts = try #require(try compiled.collect(sequences, contexts: [id.node]).contexts[id.node])
        let weight = try #require(model.tensors["\(id.node)/output_weight"]).floats
        var result = [[Double]](repeating: [Double](repeating: 0, count: width), count: contexts.rows)
        for row in result.indices {
            for place in id.head * headSize..<(id.head + 1) * headSize {
                let value = Double(contexts.row(row)[place])
                for column in 0..<width { result[row][column] += value * Double(weight[place * width + column]) }
            }
        }
        for column in 0..<width {
            let mean = result.reduce(0) { $0 + $1[column] } / Double(result.count)
            for row in result.indices { result[row][column] -= mean }
        }
        return result
    }

    /// Inner product of two heads' outputs, per row.
    private func product(_ a: [[Double]], _ b: [[Double]]) -> Double {
        var sum = 0.0
        for (left, right) in zip(a, b) { for (x, y) in zip(left, right) { sum += x * y } }
        return sum / Double(max(a.count, 1))
    }

    @Test("a refit gives a bias to a projection without one, and to nothing else")
    func biases() throws {
        let model = Model.random(layers: 2, seed: 3, hasBiases: false)
        let branch = try #require(model.graph.branches.first { $0.node == attentionName(1) })
        #expect(model.canRefit(branch))
        var changed = model
        try changed.addBias(of: branch.node)
        try changed.validate()
        #expect(changed.tensors["\(branch.node)/output_bias"]?.floats == [Float](repeating: 0, count: width))
        #expect(changed.graph.node(named: attentionName(0)) == model.graph.node(named: attentionName(0)))
        // Zeros change nothing.
        let texts = randomSequences(3, seed: 8)
        let before = try PaddedOutputs(of: model, for: texts, selecting: .hidden).arrays.map(\.tensor.floats)
        let after = try PaddedOutputs(of: changed, for: texts, selecting: .hidden).arrays.map(\.tensor.floats)
        #expect(before == after)
    }
}
