import Foundation
import Generation
import Runtime
import Testing

/// Four tokens of probability 0.4, 0.3, 0.2, 0.1, in another order.
private let logits: [Float] = [2, 4, 1, 3].map { Float(log(Double($0))) }
private let order = [1, 3, 0, 2]

@Suite("Drawing tokens")
struct TokenSamplerTests {
    /// Shares worked out by hand.
    private static let shares: [(Sampling, [Double])] = [
        (Sampling(), [0.4, 0.3, 0.2, 0.1]),
        (Sampling(temperature: 0.5), [16.0 / 30, 9.0 / 30, 4.0 / 30, 1.0 / 30]),
        (Sampling(topK: 2), [4.0 / 7, 3.0 / 7]),
        (Sampling(topK: 1), [1]),
        (Sampling(topK: 9), [0.4, 0.3, 0.2, 0.1]),
        (Sampling(topP: 0.65), [4.0 / 7, 3.0 / 7]),
        (Sampling(topP: 0.75), [4.0 / 9, 3.0 / 9, 2.0 / 9]),
        (Sampling(topP: 0.01), [1]),
        (Sampling(topP: 1), [0.4, 0.3, 0.2, 0.1]),
        // Of the three that top-k leaves, two have 7/9 of the probability.
        (Sampling(topK: 3, topP: 0.7), [4.0 / 7, 3.0 / 7]),
        // Squared first: 16 + 9 of 30.
        (Sampling(temperature: 0.5, topP: 0.8), [16.0 / 25, 9.0 / 25]),
    ]

    @Test("temperature, top-k and top-p leave the shares that arithmetic by hand gives", arguments: shares)
    func candidates(sampling: Sampling, expected: [Double]) {
        let found = TokenSampler.candidates(logits, sampling)
        #expect(found.map(\.id) == Array(order.prefix(expected.count)))
        #expect(zip(found, expected).allSatisfy { abs($0.probability - $1) < 1e-6 })
    }

    @Test("drawn tokens come as often as their probability says")
    func frequencies() {
        var sampler = TokenSampler(Sampling(topP: 0.75, seed: 5))
        var counts = [0, 0, 0, 0]
        for _ in 0..<20_000 { counts[sampler.next(logits) ?? 0] += 1 }
        let expected: [Double] = [2.0 / 9, 4.0 / 9, 0, 3.0 / 9]
        for (count, share) in zip(counts, expected) {
            #expect(abs(Double(count) / 20_000 - share) < 0.012)
        }
    }

    @Test("the same seed draws the same tokens; another seed, or another index in the batch, others")
    func seeds() {
        func draw(_ seed: UInt64, _ text: Int) -> [Int?] {
            var sampler = TokenSampler(Sampling(seed: seed), text: text)
            return (0..<64).map { _ in sampler.next(logits) }
        }
        #expect(draw(1, 0) == draw(1, 0))
        #expect(draw(1, 0) != draw(2, 0))
        #expect(draw(1, 0) != draw(1, 1))
    }

    @Test("greedy choice takes the first of the largest logits, and never one that is no number")
    func greedy() {
        var sampler = TokenSampler(.greedy)
        #expect(sampler.next([1, 3, 3, 2]) == 1)
        #expect(sampler.next([.nan, -5, -.infinity]) == 1)
        #expect(sampler.next([.nan, .nan]) == nil)
        #expect(sampler.next([Float]()) == nil)
    }

    @Test("logits that are infinite or no numbers do no harm when drawing")
    func oddLogits() {
        var sampler = TokenSampler(Sampling(seed: 3))
        for _ in 0..<50 {
            #expect(sampler.next([.nan, 1, -.infinity]) == 1)
            #expect(sampler.next([0, .infinity, 0]) == 1)
        }
        #expect(sampler.next([.nan]) == nil)
    }
}
