import Costs
import JSON
import ModelGraph
import Plans
import TestSupport
import Testing

@Suite("Ranks of queries and keys that plans lower")
struct QueryKeyRankTests {
    private let model = Model.random(layers: 2, seed: 3)

    private func problems(
        _ entries: [ReusePlan.Rank], in graph: CheckedGraph? = nil, change: (inout ReusePlan) -> Void = { _ in }
    ) -> [String] {
        let graph = graph ?? model.graph
        var plan = ReusePlan(of: graph)
        plan.ranks = entries
        change(&plan)
        do throws(GraphError) {
            _ = try graph.applying(plan)
            return []
        } catch {
            #expect(error.kind == .usage)
            return error.problems.map(\.description)
        }
    }

    private func entry(_ rank: Int, size: Int = 8, of node: String = attentionName(0)) -> ReusePlan.Rank {
        .init(node: node, size: size, rank: rank)
    }

    @Test("a plan narrows queries and keys alone, and saves what their products leave out")
    func narrowing() throws {
        var plan = ReusePlan(of: model.graph)
        plan.ranks = [entry(4)]
        let after = try model.graph.applying(plan)
        let attention = try #require(after.node(named: attentionName(0))?.attention)
        let before = try #require(model.graph.node(named: attentionName(0))?.attention)
        #expect(attention.headSize == 4 && attention.valueSize == 8 && attention.scale == before.scale)
        let tokens = 7
        let saved = model.graph.cost(tokens: tokens).multiplyAdds - after.cost(tokens: tokens).multiplyAdds
        // Three heads of four columns: two projections of each token, and the scores of each pair of tokens.
        #expect(saved == tokens * 2 * width * 12 + tokens * tokens * 12)
        #expect(try after.applying(plan) == after)
    }

    @Test("nonsense in a plan is named with the node and the rule")
    func nonsense() {
        #expect(problems([entry(8)])[0].contains("layer_0/attention: the rank 8 is not below the 8 columns"))
        #expect(problems([entry(0)])[0].contains("not above 0"))
        #expect(problems([entry(-3)])[0].contains("not above 0"))
        #expect(problems([entry(4, size: 16)])[0].contains("for queries of 16 columns, the model's have 8"))
        #expect(problems([entry(4, of: "layer_0/up")])[0].contains("no attention node of this name"))
        #expect(problems([entry(4), entry(2)])[0].contains("gives this node a rank twice"))
        let linear = problems([entry(4, of: attentionName(1))]) { $0.linear = [.init(node: attentionName(1))] }
        #expect(linear[0].contains("one matrix stands in for this node"))
        let idle = problems([entry(4, of: attentionName(1))]) { plan in
            for head in 0..<3 {
                plan.layers[1].heads[head].source = .reused(HeadID(node: attentionName(0), head: head))
            }
        }
        #expect(idle[0].contains("lets no head of this node compute a map"))
    }

    @Test("where columns of queries and keys do not stand alone, the rank cannot fall, and the reason is said")
    func refusals() throws {
        func problem(_ change: (inout EncoderShape) -> Void) throws -> String {
            var shape = EncoderShape.computed(layers: 2)
            change(&shape)
            let graph = try Model.random(shape, seed: 1).graph
            #expect(graph.rankableNodes.isEmpty)
            return problems([entry(4)], in: graph).first ?? ""
        }
        #expect(try problem { $0.positions = .rotary(.init(size: 8, base: 10000)) }.contains("turns queries and keys"))
        #expect(try problem { $0.headNorm = .init(epsilon: 1e-6) }.contains("norms queries and keys"))
        #expect(try problem { $0.softCap = 5 }.contains("bends scores"))
        let graph = try model.graph.changed { graph in
            guard let index = graph.nodes.firstIndex(where: { $0.name == attentionName(1) }) else { return }
            graph.nodes[index].ties["key_weight"] = .init(parameter: "layer_0/attention/key_weight")
        }
        #expect(problems([entry(4)], in: graph)[0].contains("shares queries or keys with other nodes"))
        #expect(problems([entry(4, of: attentionName(1))], in: graph)[0].contains("shares queries or keys"))
        // Numbers that are added to scores do not ask for their columns.
        let biased = try Model.random(
            EncoderShape(positions: .alibi, layers: [[.computed, .computed, .computed]]), seed: 1
        ).graph
        #expect(biased.rankableNodes.map(\.name) == [attentionName(0)])
    }

    @Test("a plan keeps its ranks when it is written and read, and one without them is written as ever")
    func documents() throws {
        var plan = ReusePlan(of: model.graph)
        #expect(!String(decoding: try Document.encode(plan), as: UTF8.self).contains("ranks"))
        #expect(plan.isWhole)
        plan.ranks = [.init(node: attentionName(0), size: 8, rank: 4, damage: 0.5)]
        #expect(!plan.isWhole)
        #expect(try Document.decode(ReusePlan.self, from: try Document.encode(plan), isStrict: true) == plan)
    }
}
