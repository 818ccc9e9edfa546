import Costs
import Foundation
import ModelGraph
import TestSupport
import Testing

@Suite("Positions of attention")
struct PositionTests {
    // Worked out from T5's definition: exact up to a quarter (a half one way) of the buckets, then by logarithms.
    @Test(
        "distances fall into T5's buckets",
        arguments: [
            (true, [0: 0, -1: 1, 1: 17, 7: 23, -8: 8, 8: 24, -127: 15, -128: 15, 128: 31, 100_000: 31]),
            (false, [0: 0, -1: 1, 5: 0, -15: 15, -16: 16, -127: 31, -128: 31, 100_000: 0]),
        ])
    func buckets(_ isBidirectional: Bool, _ expected: [Int: Int]) {
        let buckets = Attention.DistanceBuckets(count: 32, maximumDistance: 128, isBidirectional: isBidirectional)
        for (distance, bucket) in expected { #expect(buckets.bucket(of: distance) == bucket, "\(distance)") }
        let positions = Attention.Positions.bucketed(buckets)
        let reach = positions.reach ?? 0
        #expect(positions.biasRow(of: reach) == positions.biasRow(of: reach + 1000))
        #expect(positions.biasRow(of: -reach) == positions.biasRow(of: -reach - 1000))
    }

    @Test(
        "distances read DeBERTa's rows of the table: exact up to half of the buckets, then by logarithms, then the last"
    )
    func disentangled() {
        let positions = Attention.Disentangled(span: 256, buckets: 256, maximumDistance: 512, epsilon: nil)
        let expected = [0: 256, 1: 257, -1: 255, 128: 384, 129: 385, -129: 127, 600: 511, -600: 0, 100_000: 511]
        for (distance, row) in expected { #expect(positions.row(of: distance) == row, "\(distance)") }
        let exact = Attention.Disentangled(span: 4, buckets: nil, maximumDistance: 4, epsilon: nil)
        #expect((-6...6).map(exact.row(of:)) == [0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 7, 7, 7])
    }

    @Test("clamped distances number the rows from the farthest key before the query")
    func clamped() {
        let positions = Attention.Positions.clamped(length: 3)
        #expect((-4...4).map(positions.biasRow(of:)) == [0, 0, 0, 1, 2, 3, 4, 4, 4])
    }

    @Test("ALiBi's slopes are powers of two, and those between for other numbers of heads")
    func slopes() {
        func slopes(_ heads: Int) -> [Double] {
            let attention = Attention(
                sizes: .init(inputWidth: 8, outputWidth: 8, headSize: 1),
                scores: .init(scale: 1),
                heads: Array(repeating: .computed, count: heads))
            return (0..<heads).map { log2(Double(attention.alibiSlope(of: $0))) }
        }
        #expect(slopes(8) == [-1, -2, -3, -4, -5, -6, -7, -8])
        let expected = [-1, -2, -3, -4, -5, -6, -7, -8, -0.5, -1.5, -2.5, -3.5]
        #expect(zip(slopes(12), expected).allSatisfy { abs($0.0 - $0.1) < 1e-6 })
    }

    @Test("wavelengths are kept, faded and stretched by their length (Llama 3)")
    func banded() {
        let plain = Attention.Rotary(size: 8, base: 10_000)
        var scaled = plain
        scaled.scaling = .banded(factor: 8, low: 1, high: 4, length: 1000)
        let ratios = zip(scaled.frequencies, plain.frequencies).map { $0 / $1 }
        // Wavelengths 6.3, 63, 628, 6283: below 250 kept, above 1000 stretched.
        #expect(ratios[0] == 1 && ratios[1] == 1 && ratios[3] == 0.125)
        let share = (1000 / (2 * Float.pi * 100) - 1) / 3
        #expect(abs(ratios[2] - ((1 - share) / 8 + share)) < 1e-6)
    }

    @Test(
        "positions survive a document",
        arguments: [
            Attention.Positions.alibi, .clamped(length: 9), .rotary(.init(size: 4, base: 500, isInterleaved: true)),
            .rotary(.init(size: 4, base: 500, scaling: .linear(factor: 2))),
            .rotary(.init(size: 4, base: 500, scaling: .banded(factor: 8, low: 1, high: 4, length: 16))),
            .bucketed(.init(count: 8, maximumDistance: 20, isBidirectional: false)),
            .disentangled(.init(span: 6, buckets: 6, maximumDistance: 32, epsilon: 1e-7)),
            .disentangled(.init(span: 6, buckets: nil, maximumDistance: 6, epsilon: nil)),
        ])
    func documents(_ positions: Attention.Positions) throws {
        let bytes = try JSONEncoder().encode(positions)
        #expect(try JSONDecoder().decode(Attention.Positions.self, from: bytes) == positions)
    }

    @Test("tables by distance have a column a computing head, disentangled ones do not depend on the heads")
    func parameters() {
        var attention = Attention(
            sizes: .init(inputWidth: 8, outputWidth: 8, headSize: 4),
            scores: .init(scale: 1, positions: .clamped(length: 3)),
            heads: [.computed, .dropped])
        func shapes(_ attention: Attention) -> [String: [Int]] {
            let node = Node(name: "a", operation: .attention(attention), inputs: ["x"])
            return Dictionary(uniqueKeysWithValues: node.operation.parameters.map { ($0.name, $0.shape.extents) })
        }
        #expect(shapes(attention)["position_bias"] == [5, 1])
        attention.positions = .disentangled(.init(span: 6, buckets: nil, maximumDistance: 6, epsilon: 1e-7))
        attention.headNorm = .init(epsilon: 1e-6)
        let all = shapes(attention)
        #expect(all["relative_embeddings"] == [12, 8] && all["relative_scale"] == [8] && all["query_norm"] == [4])
        attention.heads = [.reused(HeadID(node: "b", head: 0)), .dropped]
        let none = shapes(attention)
        #expect(none["relative_embeddings"] == nil && none["key_norm"] == nil && none["value_weight"] == [8, 4])
    }

    @Test("a cache holds keys of computing groups and values of groups that are read")
    func cache() {
        func graph(_ heads: [HeadSource], memory: Bool = false) -> Graph {
            let attention = Attention(
                sizes: .init(inputWidth: 8, memoryWidth: memory ? 8 : nil, outputWidth: 8, headSize: 4, valueSize: 3),
                groupCount: 2,
                scores: .init(scale: 1, mask: .init(isCausal: !memory)),
                heads: heads)
            return Graph(
                inputs: ["input_ids"],
                nodes: [
                    Node(
                        name: "e", operation: .embedding(Embedding(vocabulary: 5, width: 8)), inputs: ["input_ids"]),
                    Node(name: "a", operation: .attention(attention), inputs: memory ? ["e", "e"] : ["e"]),
                ], outputs: [], hiddenStates: [])
        }
        let all = graph([.computed, .computed, .computed, .computed]).sound.cost(tokens: 5)
        #expect(all.cacheBytes == 4 * (2 * 4 + 2 * 3) && all.memoryCacheBytes == 0)
        let borrowed = HeadSource.reused(HeadID(node: "a", head: 0))
        let half = graph([.computed, .computed, borrowed, .dropped]).sound.cost(tokens: 5)
        #expect(half.cacheBytes == 4 * (4 + 2 * 3))
        let cross = graph([.computed, .computed, .dropped, .dropped], memory: true).sound.cost(tokens: 5)
        #expect(cross.cacheBytes == 0 && cross.memoryCacheBytes == 4 * (4 + 3))
    }
}
