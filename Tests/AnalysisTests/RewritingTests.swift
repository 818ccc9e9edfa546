import Analysis
import Matrices
import ModelGraph
import Rewriting
import Runtime
import Statistics
import Tensors
import TestSupport
import Testing

/// Float32 results after a few layers whose sums are ordered differently.
private let tolerance: Float = 1e-4

@Suite("Applying plans")
struct RewritingTests {
    private let sequences = randomSequences(6, seed: 12)

    private func hidden(_ model: Model) throws -> [Float] {
        let value = try #require(model.graph.value(ofOutput: "last_hidden_state"))
        return try CompiledModel(model, options: .init(resources: .init(threads: 1))).vectors(of: value, for: sequences)
            .floats
    }

    private func distance(_ a: Model, _ b: Model) throws -> Float {
        zip(try hidden(a), try hidden(b)).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }

    private func plan(_ model: Model, _ sources: [HeadID: HeadSource]) -> ReusePlan {
        var plan = ReusePlan(of: model.graph)
        for (id, source) in sources { plan.set(source, of: id) }
        return plan
    }

    @Test("a plan that replaces nothing changes no bit")
    func nothing() throws {
        let model = Model.random(layers: 2, seed: 1)
        let same = try model.applying(ReusePlan(of: model.graph))
        let before = try hidden(model), after = try hidden(same)
        #expect(before == after)
        #expect(same.weightsDigest == model.weightsDigest)
    }

    @Test("reusing a copy changes nothing but the parameters that are gone")
    func copy() throws {
        let model = Model.random(layers: 2, seed: 1).copyingMap(of: 0, to: 2, layer: 1)
        let reuse = try model.applying(plan(model, [head(1, 2): .reused(head(1, 0))]))
        let apart = try distance(model, reuse)
        #expect(apart < tolerance)
        #expect(reuse.tensors["\(attentionName(1))/query_weight"]?.shape == [width, 2 * headSize])
        #expect(reuse.tensors["\(attentionName(1))/key_bias"]?.shape == [2 * headSize])
        #expect(reuse.tensors["\(attentionName(1))/value_weight"]?.shape == [width, width])
        #expect(reuse.plan?.replacedCount == 1)
    }

    @Test("the columns that stay are those of the heads that stay")
    func columns() throws {
        let model = Model.random(layers: 2, seed: 1)
        let reuse = try model.applying(plan(model, [head(1, 0): .reused(head(0, 1)), head(1, 1): .dropped]))
        let before = try #require(model.tensors["\(attentionName(1))/query_weight"]).matrix
        let after = try #require(reuse.tensors["\(attentionName(1))/query_weight"]).matrix
        #expect(after.columns == headSize)
        for row in 0..<width {
            for column in 0..<headSize { #expect(after[row, column] == before[row, 2 * headSize + column]) }
        }
        let output = try #require(reuse.tensors["\(attentionName(1))/output_weight"]).matrix
        let full = try #require(model.tensors["\(attentionName(1))/output_weight"]).matrix
        #expect(output.rows == 2 * headSize)
        #expect(output[headSize, 3] == full[2 * headSize, 3])
    }

    @Test("a single term's weight moves into the output projection")
    func folding() throws {
        let model = Model.random(layers: 2, seed: 1)
        let folded = try model.applying(
            plan(model, [head(1, 0): .borrowed([MapTerm(weight: 0.5, map: .head(head(0, 1)))])]))
        #expect(folded.graph.source(of: head(1, 0)) == .reused(head(0, 1)))
        // The same blend written as two halves cannot be folded: the runtime sums the maps instead.
        let blended = try model.applying(
            plan(
                model,
                [
                    head(1, 0): .borrowed([
                        MapTerm(weight: 0.5, map: .head(head(0, 1))), MapTerm(weight: 0, map: .pattern(.identity)),
                    ])
                ]))
        #expect(blended.graph.source(of: head(1, 0))?.terms.count == 2)
        let apart = try distance(folded, blended)
        #expect(apart < tolerance)
    }

    @Test("plans that do not fit are refused with node and head")
    func refusals() throws {
        let model = Model.random(layers: 2, seed: 1)
        let later = plan(model, [head(0, 0): .reused(head(1, 0))])
        #expect(throws: AnalysisError.self) { try model.applying(later) }
        let reuse = try model.applying(plan(model, [head(1, 0): .reused(head(0, 0))]))
        do {
            _ = try reuse.applying(ReusePlan(of: model.graph))
            Issue.record("a head that is gone was computed again")
        } catch {
            #expect("\(error)".contains("\(attentionName(1))#0"), "\(error)")
        }
    }

    @Test("branches are found where they join the stream")
    func branches() {
        let branches = Model.random(layers: 2, seed: 1).graph.branches
        #expect(branches.map(\.node) == ["layer_0/attention", "layer_0/down", "layer_1/attention", "layer_1/down"])
        #expect(branches[3].sum == "layer_1/add")
        #expect(branches[3].others == ["layer_1/attention_norm"])
        #expect(branches[3].features == .value("layer_1/activation"))
        #expect(branches[0].others == ["embeddings"])
    }

    @Test(
        "the output's difference is nothing for the same model, and something for another",
        arguments: [ModelUse.encoder, .classifier])
    func probe(_ use: ModelUse) throws {
        let model = Model.random(layers: 2, seed: 1, use: use)
        let probe = try OutputProbe(
            source: model, sequences: randomSequences(20, seed: 3), resources: .init(threads: 2))
        let same = try probe.difference(of: model)
        #expect(abs(same.damage) < 1e-9)
        let other = try model.applying(plan(model, [head(1, 0): .dropped, head(1, 1): .dropped]))
        let difference = try probe.difference(of: other)
        #expect(difference.damage > 1e-4)
        #expect((difference.divergence != nil) == (use == .classifier))
        #expect((difference.pairsSpearman != nil) == (use == .encoder))
    }

    @Test("ranks share their mean where values tie")
    func ties() {
        #expect(RankCorrelation.ranks([3, 1, 3, 2]) == [2.5, 0, 2.5, 1])
        #expect(correlation([1, 2, 3], [2, 4, 6]) == 1)
        #expect(correlation([1, 1], [1, 2]) == nil)
    }

    /// Four executions of one layer's attention.
    private func sharing() -> Model {
        var model = Model.random(layers: 4, seed: 1)
        var graph = model.graph.graph
        for (index, node) in model.graph.nodes.enumerated() {
            guard node.attention != nil, node.name != attentionName(0) else { continue }
            for parameter in node.operation.parameters {
                model.tensors[node.parameterID(parameter.name)] = nil
                graph.nodes[index].ties[parameter.name] = .init(
                    parameter: "\(attentionName(0))/\(parameter.name)")
            }
        }
        model.graph = graph.sound
        return model
    }

    /// The same model with a tensor of its own for each parameter.
    private func unshared(_ model: Model) -> Model {
        var result = model
        var graph = model.graph.graph
        for (index, node) in model.graph.nodes.enumerated() where node.attention != nil {
            for parameter in node.operation.parameters {
                result.tensors[node.parameterID(parameter.name)] = model.tensor(of: node, parameter.name)
            }
            graph.nodes[index].ties = [:]
        }
        result.graph = graph.sound
        return result
    }

    @Test("executions of a shared layer go on sharing what they still need alike")
    func sharedLayers() throws {
        let model = sharing(), apart = unshared(model)
        let borrowed = (0..<headCount).map { (head(2, $0), HeadSource.reused(head(0, $0))) }
        let whole = plan(model, Dictionary(uniqueKeysWithValues: borrowed))
        let reuse = try model.applying(whole)
        // Whole layers that borrow need no second copy of anything.
        #expect(
            reuse.tensors.keys.filter { $0.node.hasSuffix("/attention") }.allSatisfy { $0.node == attentionName(0) })
        #expect(try hidden(reuse) == hidden(try apart.applying(whole)))

        let single = plan(model, [head(0, 1): .reused(head(0, 0)), head(3, 2): .dropped])
        let partly = try model.applying(single)
        #expect(
            partly.graph.node(named: attentionName(2))?.ties["query_weight"]?.parameter.node == attentionName(1))
        #expect(
            partly.graph.node(named: attentionName(1))?.ties["value_weight"]?.parameter.node == attentionName(0))
        #expect(try hidden(partly) == hidden(try apart.applying(single)))
    }

    @Test("tables of distances are cut to the heads that compute, by columns")
    func distances() throws {
        var model = Model.random(layers: 2, seed: 1)
        for (index, node) in model.graph.nodes.enumerated() {
            guard var attention = node.attention else { continue }
            attention.positions = .clamped(length: 2)
            model.graph = try model.graph.changed { $0.nodes[index].operation = .attention(attention) }
            model.tensors["\(node.name)/position_bias"] = Tensor(
                (0..<3 * headCount).map(Float.init), shape: [3, headCount])
        }
        let reuse = try model.applying(plan(model, [head(1, 1): .reused(head(0, 0))]))
        #expect(reuse.tensors["\(attentionName(1))/position_bias"]?.floats == [0, 2, 3, 5, 6, 8])
    }
}
