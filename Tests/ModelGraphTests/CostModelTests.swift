import Costs
import ModelGraph
import TestSupport
import Testing

@Suite("Cost model")
struct CostModelTests {
    let miniLM = Graph.encoder(.miniLM)

    @Test("the cost model counts the parameters of all-MiniLM-L6-v2 as published")
    func publishedParameters() throws {
        #expect(try miniLM.checked().cost(tokens: 1).parameters == 22_713_216)
    }

    // A layer of width d with feed-forward 4d over n tokens: 4nd² projections, 2n²d scores and values, 8nd²
    // feed-forward.
    @Test("the cost model counts the multiply-adds of a layer by the textbook", arguments: [1, 8, 128, 512])
    func layer(tokens n: Int) {
        let d = 384
        let pooler = d * d
        #expect(miniLM.sound.cost(tokens: n).multiplyAdds == 6 * (12 * n * d * d + 2 * n * n * d) + pooler)
    }

    @Test(
        "a fully reused layer saves (2d² + nd) / (12d² + 2nd) of its multiply-adds",
        arguments: [(8, 0.1678), (128, 0.1842), (512, 0.2273)])
    func reusedLayer(tokens n: Int, expected: Double) {
        let d = 384
        let reused = miniLM.with((0..<12).map { .reused(head(1, $0)) }, inLayer: 2)
        let saved = miniLM.sound.cost(tokens: n).multiplyAdds - reused.sound.cost(tokens: n).multiplyAdds
        #expect(saved == n * (2 * d * d + n * d))
        let share = Double(saved) / Double(n * (12 * d * d + 2 * n * d))
        #expect(abs(share - expected) < 0.0001)
    }

    @Test("a fully reused layer saves its query and key parameters")
    func reusedParameters() {
        let reused = miniLM.with((0..<12).map { .reused(head(1, $0)) }, inLayer: 2)
        let before = miniLM.sound.cost(tokens: 1), after = reused.sound.cost(tokens: 1)
        #expect(before.parameters - after.parameters == 2 * (384 * 384 + 384))
        #expect(miniLM.mapCount == 72)
        #expect(reused.mapCount == 60)
    }

    // Width 12, three heads of 4. A head costs, at n tokens: query and key 2·12·4 a token, value and output 2·12·4 a
    // token, scores 4 and values 4 a pair.
    @Test(
        "every source of a head has a cost of its own",
        arguments: [
            ("one map as it is", HeadSource.reused(head(0, 0)), 96, 4),
            ("one map at half weight", .borrowed([MapTerm(weight: 0.5, map: .head(head(0, 0)))]), 96, 5),
            (
                "a blend of three",
                .borrowed([
                    MapTerm(map: .head(head(0, 0))), MapTerm(map: .head(head(0, 1))), MapTerm(map: .pattern(.mean)),
                ]), 96, 7
            ),
            ("dropped", .dropped, 0, 0),
            ("computed", .computed, 192, 8),
        ] as [(String, HeadSource, Int, Int)])
    func sources(_ name: String, source: HeadSource, perToken: Int, perPair: Int) {
        let n = 10
        let all = Graph.encoder().with([.computed, .computed, source], inLayer: 1).sound.cost(tokens: n).multiplyAdds
        let none = Graph.encoder().with([.computed, .computed, .dropped], inLayer: 1).sound.cost(tokens: n).multiplyAdds
        #expect(all - none == n * perToken + n * n * perPair)
    }

    @Test("a linear after pooling counts once a sequence")
    func pooledLinear() {
        let graph = Graph.encoder(EncoderSizes(layers: 0))
        #expect(graph.sound.cost(tokens: 7).multiplyAdds == 12 * 12)
    }

    @Test("an absurd length has an absurd cost and does not trap", arguments: [1 << 31, 1 << 40, Int.max])
    func absurdLength(tokens: Int) {
        #expect(miniLM.sound.cost(tokens: tokens).multiplyAdds == Int.max)
        let lengths = [tokens - 1, tokens]
        let masks = [Attention.Mask(), .init(isCausal: true), .init(window: 3), .init(isCausal: true, window: 3)]
        for mask in masks { for length in lengths { #expect(mask.visiblePairs(tokens: length) > 0) } }
    }
}

@Suite("Maps alive at once")
struct LiveMapTests {
    let graph = Graph.encoder(EncoderSizes(layers: 5))

    @Test("no maps are kept when no head borrows one")
    func none() { #expect(graph.sound.liveMaps == 0) }

    @Test("a map that two layers read is kept once, until the last of them")
    func shared() {
        let reusing = [HeadSource.reused(head(0, 0)), .computed, .computed]
        #expect(graph.with(reusing, inLayer: 1).with(reusing, inLayer: 4).sound.liveMaps == 1)
    }

    @Test("maps whose lifetimes do not overlap share their space")
    func disjoint() {
        let first = [HeadSource.reused(head(0, 0)), .reused(head(0, 1)), .computed]
        let second = [HeadSource.reused(head(3, 2)), .computed, .computed]
        #expect(graph.with(first, inLayer: 1).with(second, inLayer: 4).sound.liveMaps == 2)
    }

    @Test("maps whose lifetimes overlap add up")
    func overlapping() {
        // Head 0 of layer 0 lives to layer 3; heads 0…2 of layer 2 live from 2 to 4.
        let first = [HeadSource.reused(head(0, 0)), .computed, .computed]
        let second = [HeadSource.reused(head(2, 0)), .reused(head(2, 1)), .reused(head(2, 2))]
        #expect(graph.with(first, inLayer: 3).with(second, inLayer: 4).sound.liveMaps == 4)
    }

    @Test("a map blended inside its own layer is alive there; one taken as it is, and static patterns, never are")
    func sameLayer() {
        let pattern = MapTerm(map: .pattern(.previous))
        let asItIs = [HeadSource.computed, .reused(head(2, 0)), .borrowed([pattern])]
        #expect(graph.with(asItIs, inLayer: 2).sound.liveMaps == 0)
        let blend = HeadSource.borrowed([MapTerm(weight: 0.5, map: .head(head(2, 0))), pattern])
        let blended = [HeadSource.computed, .computed, blend]
        #expect(graph.with(blended, inLayer: 2).sound.liveMaps == 1)
        #expect(graph.with(blended, inLayer: 2).sound.cost(tokens: 10).liveMapBytes == 400)
    }
}
