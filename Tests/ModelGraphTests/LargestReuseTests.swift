import Costs
import ModelGraph
import Plans
import Testing

@Suite("The most that reuse can save")
struct LargestReuseTests {
    // Width d, n tokens: every layer but the first loses its queries and keys (2nd²) and its scores (n²d); the first
    // keeps one head of twelve.
    @Test("one map is left of an encoder's, and what goes is what the textbook says", arguments: [8, 128])
    func encoder(tokens n: Int) throws {
        let graph = Graph.encoder(.miniLM).sound, d = 384, heads = 12, layers = 6
        let least = try graph.withLargestReuse()
        let before = graph.cost(tokens: n), after = least.cost(tokens: n)
        #expect(after.maps == 1)
        let whole = n * (2 * d * d + n * d)
        #expect(before.multiplyAdds - after.multiplyAdds == (layers - 1) * whole + whole * (heads - 1) / heads)
        let parameters = 2 * (d * d + d)
        #expect(before.parameters - after.parameters == (layers - 1) * parameters + parameters * (heads - 1) / heads)
        #expect(!graph.canGrowByReuse)
    }

    @Test("layers of another window keep a map of their own")
    func kinds() throws {
        let graph = Graph.encoder(EncoderSizes(layers: 4)).changingAttention("layers/2/attention") {
            $0.scores.mask = Attention.Mask(window: 2)
        }
        let least = try graph.sound.withLargestReuse()
        #expect(least.cost(tokens: 8).maps == 2)
        #expect(least.source(of: head(2, 0)) == .computed)
    }

    @Test("a model that reuses already keeps what it has")
    func reused() throws {
        let graph = Graph.encoder(EncoderSizes(layers: 3)).with([.reused(head(0, 2)), .computed, .dropped], inLayer: 1)
        let least = try graph.sound.withLargestReuse()
        #expect(least.cost(tokens: 8).maps == 1)
        #expect(least.source(of: head(1, 2)) == .dropped)
    }

    @Test("maps of one stack are alike in size, and their elements are queries times keys")
    func sizes() {
        let graph = Graph.encoder(EncoderSizes(layers: 2)).sound
        #expect(graph.mapSizes(tokens: 7) == ["layers/0/attention": 49, "layers/1/attention": 49])
        #expect(graph.mapElements(tokens: 7) == 6 * 49)
        #expect(graph.mapSizeRatio(tokens: 7) == 1)
    }
}

@Suite("Lengths that figures are given for")
struct UsualLengthTests {
    @Test("128 tokens, or as many as the table of positions has room for", arguments: [(512, 128), (77, 77), (16, 16)])
    func positions(count: Int, expected: Int) {
        #expect(Graph.encoder(EncoderSizes(positions: count)).sound.usualTokens == expected)
    }
}
