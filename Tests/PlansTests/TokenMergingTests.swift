import Costs
import JSON
import ModelGraph
import Plans
import TestSupport
import Testing

@Suite("Merges of tokens in plans")
struct TokenMergingTests {
    /// Two layers over a picture of twelve rows behind a class token, and classes by the first row or the mean.
    private func picture(_ pooling: Pooling, use: ModelUse = .classifier) throws -> CheckedGraph {
        let stack = EncoderStack(EncoderShape.computed(layers: 2, heads: 3), from: "joined")
        let patches: [Node] = [
            Node(name: "patches", operation: .linear(Linear(inputWidth: 4, outputWidth: 24)), inputs: ["pixels"]),
            Node(name: "class", operation: .table(Table(count: 1, width: 24, isAlongInput: false)), inputs: []),
            Node(name: "joined", operation: .concatenate(.rows), inputs: ["class", "patches"]),
        ]
        let head: [Node] = [
            Node(name: "pooled", operation: .pooling(pooling), inputs: [stack.stream]),
            Node(name: "classes", operation: .linear(Linear(inputWidth: 24, outputWidth: 5)), inputs: ["pooled"]),
        ]
        return try Graph(
            inputs: ["pixels"], inputLayouts: ["pixels": InputLayout(rows: .count(12), width: 4)],
            nodes: patches + stack.nodes + head,
            outputs: [
                .init(name: "last_hidden_state", value: stack.stream), .init(name: "logits", value: "classes"),
            ], hiddenStates: stack.hiddenStates, use: use
        ).checked()
    }

    private func applied(_ graph: CheckedGraph, _ tokens: [ReusePlan.Tokens]) throws -> CheckedGraph {
        var plan = ReusePlan(of: graph)
        plan.tokens = tokens
        return try graph.applying(plan)
    }

    private func problems(_ graph: CheckedGraph, _ plan: ReusePlan) -> [String] {
        do throws(GraphError) {
            _ = try graph.applying(plan)
            return []
        } catch {
            #expect(error.kind == .usage)
            return error.problems.map(\.description)
        }
    }

    private func problems(_ graph: CheckedGraph, _ tokens: [ReusePlan.Tokens]) -> [String] {
        var plan = ReusePlan(of: graph)
        plan.tokens = tokens
        return problems(graph, plan)
    }

    @Test("everything behind a merge has fewer rows, the class token stays, means are weighted")
    func shapes() throws {
        let graph = try picture(.mean)
        let after = try applied(graph, [.init(node: attentionName(0), amount: .share(0.25))])
        // A quarter of 13 rows, rounded down, are three.
        #expect(after.shapes["layer_0/attention"]?.rows == .count(13))
        #expect(after.shapes["layer_0/up"]?.rows == .count(10))
        #expect(after.shapes["layer_1/attention"]?.rows == .count(10))
        #expect(after.node(named: "layer_1/attention")?.inputs.last == "layer_0/attention/sizes")
        #expect(
            after.node(named: "layer_0/attention/matching")?.operation
                == .matching(TokenMatching(.share(0.25), firstKept: 1)))
        #expect(after.node(named: "pooled")?.operation == .elementwise(.divide))
        #expect(after.outputs.map(\.name) == ["logits"])
        #expect(after.hiddenStates.isEmpty)
        let again = try Document.decode(CheckedGraph.self, from: try Document.encode(after))
        #expect(again == after)
    }

    @Test("a plan suits the model that was made along it")
    func repeated() throws {
        let graph = try picture(.first)
        let entries = [ReusePlan.Tokens(node: attentionName(0), amount: .count(2))]
        let after = try applied(graph, entries)
        #expect(try applied(after, entries) == after)
        #expect(problems(after, [.init(node: attentionName(0), amount: .count(3))]).first?.contains("already") == true)
    }

    @Test("multiply-adds are those of the rows that are left, and of the comparison")
    func costs() throws {
        let graph = try picture(.first)
        let after = try applied(graph, [.init(node: attentionName(0), amount: .count(3))])
        let before = graph.multiplyAddsByNode(tokens: 1), costs = after.multiplyAddsByNode(tokens: 1)
        #expect(costs["layer_0/attention"] == before["layer_0/attention"])
        #expect(costs["layer_0/up"] == 10 * 24 * 40)
        // Queries, keys, values and output of ten rows; scores and their products with values.
        #expect(costs["layer_1/attention"] == 10 * 4 * 24 * 24 + 2 * 10 * 10 * 24)
        #expect(costs["layer_0/attention/matching"] == 7 * 6 * 8)
    }

    @Test("nonsense is refused with the node and the rule")
    func nonsense() throws {
        let graph = try picture(.mean)
        let first = attentionName(0)
        func only(_ tokens: [ReusePlan.Tokens]) -> String { problems(graph, tokens).joined(separator: "; ") }
        #expect(only([.init(node: "nowhere", amount: .count(1))]).contains("nowhere"))
        #expect(only([.init(node: "layer_0/up", amount: .count(1))]).contains("layer_0/up"))
        #expect(only([.init(node: first, amount: .share(0.75))]).contains("at most a half"))
        #expect(only([.init(node: first, amount: .share(0))]).contains(first))
        #expect(only([.init(node: first, amount: .count(0))]).contains(first))
        #expect(
            only([.init(node: first, amount: .count(1)), .init(node: first, amount: .count(2))]).contains("twice"))
    }

    @Test("no map is reused across a merge")
    func reuse() throws {
        let graph = try picture(.mean)
        var plan = ReusePlan(of: graph)
        plan.tokens = [.init(node: attentionName(0), amount: .count(2))]
        plan.layers[1].heads[1].source = .reused(head(0, 0))
        let found = problems(graph, plan)
        #expect(found.contains { $0.contains("layer_1/attention#1") && $0.contains("another kind") })
        plan.layers[1].heads[1].source = .borrowed([MapTerm(map: .pattern(.mean))])
        #expect(problems(graph, plan).contains { $0.contains("layer_1/attention#1") && $0.contains("merge") })
        // Within what one merge leaves maps are reused as ever.
        plan.layers[1].heads[1].source = .reused(head(1, 0))
        #expect(problems(graph, plan).isEmpty)
    }

    @Test("models that owe something to each token are refused with the reason")
    func uses() throws {
        let entry = ReusePlan.Tokens(node: attentionName(0), amount: .count(1))
        let language = Model.random(layers: 2, seed: 1, use: .maskedLanguageModel).graph
        #expect(problems(language, [entry]).first?.contains("each token") == true)
        let states = Model.random(layers: 2, seed: 1).graph
        #expect(problems(states, [entry]).first?.contains("hidden states") == true)
        let texts = Model.random(layers: 2, seed: 1, use: .classifier).graph
        #expect(problems(texts, [entry]).first?.contains("pair") == true)
        #expect(language.mergeableNodes.isEmpty)
        #expect(try picture(.mean).mergeableNodes == [attentionName(0), attentionName(1)])
    }

    @Test("what looks at rows by their place cannot stand behind a merge")
    func places() throws {
        let graph = try picture(.mean).changed { graph in
            guard let place = graph.nodes.firstIndex(where: { $0.name == "pooled" }) else { return }
            graph.nodes.insert(
                Node(
                    name: "shifted", operation: .table(Table(count: 13, width: 24, isAlongInput: true)),
                    inputs: ["layer_1/norm"]), at: place)
            graph.nodes[place + 1].inputs = ["shifted"]
        }
        let found = problems(graph, [.init(node: attentionName(1), amount: .count(1))])
        #expect(found.first?.contains("shifted") == true)
        #expect(graph.mergeableNodes.isEmpty)
    }

    @Test("the plan's document has a section of its own, and is as ever without merges")
    func document() throws {
        let graph = try picture(.mean)
        var plan = ReusePlan(of: graph)
        let plain = try Document.encode(plan)
        #expect(!String(decoding: plain, as: UTF8.self).contains("tokens"))
        plan.tokens = [
            .init(node: attentionName(0), amount: .share(0.125), damage: 0.5),
            .init(node: attentionName(1), amount: .count(3)),
        ]
        #expect(try Document.decode(ReusePlan.self, from: try Document.encode(plan)) == plan)
        let both = #"{"version":1,"budget":"","layers":[],"tokens":[{"node":"a","share":0.1,"count":2}]}"#
        #expect(throws: (any Error).self) { try Document.decode(ReusePlan.self, from: Array(both.utf8)) }
    }
}
