import JSON
import ModelGraph
import TestSupport
import Testing

/// A graph with two poolings side by side, a dense layer and a normalisation, and what callers make of it.
@Suite("Graphs that make embeddings")
struct EmbeddingGraphTests {
    private static func graph(dense: Bool) -> Graph {
        var nodes = [
            Node(name: "first", operation: .pooling(.first), inputs: ["x"]),
            Node(name: "mean", operation: .pooling(.mean), inputs: ["x", Graph.poolingMask]),
            Node(name: "together", operation: .concatenate(.width), inputs: ["first", "mean"]),
        ]
        if dense {
            nodes.append(
                Node(
                    name: "dense", operation: .linear(Linear(inputWidth: 8, outputWidth: 3)), inputs: ["together"]))
        }
        nodes.append(
            Node(name: "unit", operation: .norm(.unit(width: dense ? 3 : 8)), inputs: [dense ? "dense" : "together"]))
        return Graph(
            inputs: ["x", Graph.poolingMask],
            inputLayouts: [
                "x": InputLayout(rows: .count(5), width: 4), Graph.poolingMask: InputLayout(rows: .count(5), absent: 1),
            ], nodes: nodes, outputs: [.init(name: Graph.embeddingOutput, value: "unit")], hiddenStates: [])
    }

    @Test("a graph says how its embedding is made")
    func description() {
        let graph = Self.graph(dense: true)
        #expect(graph.embedding == "unit" && graph.normalizesEmbedding)
        #expect(graph.embeddingPoolings == [.first, .mean])
        #expect(graph.embeddingNodes.map(\.name) == ["together", "dense", "unit"])
    }

    @Test("another pooling takes the place of all, with the mask where it heeds one")
    func pooling() throws {
        let changed = try Self.graph(dense: false).embedding(pooling: .weightedMean, normalizes: nil).checked()
        #expect(changed.graph.embeddingPoolings == [.weightedMean])
        #expect(changed.node(named: "together")?.inputs == ["x", Graph.poolingMask])
        #expect(changed.embedding.flatMap { changed.shapes[$0] } == ValueShape(rows: .sequences, width: 4))
        let first = Self.graph(dense: false).embedding(pooling: .first, normalizes: nil)
        #expect(first.node(named: "together")?.inputs == ["x"])
    }

    @Test("a pooling whose rows a dense layer does not take is no graph")
    func misfit() {
        #expect(throws: GraphError.self) {
            try Self.graph(dense: true).embedding(pooling: .mean, normalizes: nil).checked()
        }
    }

    @Test("the normalisation comes and goes")
    func normalization() throws {
        let without = Self.graph(dense: true).embedding(pooling: nil, normalizes: false)
        #expect(without.embedding == "dense" && !without.normalizesEmbedding)
        let again = without.embedding(pooling: nil, normalizes: true)
        #expect(again.normalizesEmbedding)
        _ = try again.checked()
        #expect(Self.graph(dense: true).embedding(pooling: nil, normalizes: true) == Self.graph(dense: true))
    }

    @Test("graphs are the same after writing and reading")
    func documents() throws {
        let graph = Self.graph(dense: true)
        #expect(try Document.decode(Graph.self, from: Document.encode(graph)) == graph)
        let traits = Model.Traits(
            sentences: SentenceTraits(prompts: ["query": "query: "], defaultPrompt: "query", poolsPrompt: false),
            pairActivation: .sigmoid)
        #expect(try Document.decode(Model.Traits.self, from: Document.encode(traits)) == traits)
        let plain = String(decoding: try Document.encode(Model.Traits(maximumTokens: 8)), as: UTF8.self)
        #expect(!plain.contains("sentences") && !plain.contains("pairActivation"), "old files keep their bytes")
    }
}
