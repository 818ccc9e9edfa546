import ModelGraph
import Platform
import Statistics
import Tensors
import Testing
import Verification

@Suite("Statistics")
struct StatisticsTests {
    // The first is the textbook example of scipy.stats.spearmanr, the third by hand from its ranks.
    @Test(
        "Spearman's coefficient shares ranks among equals",
        arguments: [
            ([1.0, 2, 3, 4, 5], [5.0, 6, 7, 8, 7], 0.8207826816681233), ([1.0, 2, 3], [3.0, 2, 1], -1.0),
            ([1.0, 1, 2, 3, 3, 3], [2.0, 1, 4, 3, 3, 9], 0.6888467201936644),
            ([10.0, 20, 30, 40], [1e-9, 2e-9, 3, 1e9], 1.0),
        ])
    func spearman(a: [Double], b: [Double], expected: Double) {
        #expect(abs(RankCorrelation.spearman(a, b) - expected) < 1e-12)
    }

    @Test(
        "a correlation that does not exist is no number",
        arguments: [([1.0], [1.0]), ([], []), ([1.0, 2], [1.0]), ([1.0, 1], [1.0, 2]), ([1.0, .nan], [1.0, 2])])
    func undefined(a: [Double], b: [Double]) {
        #expect(RankCorrelation.spearman(a, b).isNaN)
    }

    @Test("mean, minimum and percentile agree with those of the sorted list")
    func cosines() {
        var random = SplitMix(seed: 3)
        let values = (0..<5000).map { _ in Double(random.next(below: 1_000_000)) / 500_000 - 1 }
        var statistics = CosineStatistics()
        for value in values { statistics.add(value) }
        let sorted = values.sorted()
        #expect(abs(statistics.mean - values.reduce(0, +) / 5000) < 1e-12)
        #expect(statistics.minimum == sorted[0])
        for share in [0.01, 0.25, 0.5, 0.99] {
            let expected = sorted[Int((share * 5000).rounded(.up)) - 1]
            #expect(abs(statistics.percentile(share) - expected) <= CosineStatistics.resolution)
        }
    }

    @Test("one broken row spoils the mean instead of vanishing in it")
    func brokenCosine() {
        var statistics = CosineStatistics()
        statistics.add(0.9)
        statistics.add(.nan)
        #expect(statistics.mean.isNaN)
        #expect(statistics.percentile(0.01).isNaN)
    }

    @Test("divergence of two distributions equals the sum written out")
    func divergence() {
        // softmax of logarithms are the numbers themselves: p = (.5, .25, .25), q = (.25, .25, .5).
        let p = LogProbabilities(logits: [Float(0.5), 0.25, 0.25].map { Float(Double($0).logarithm) })
        let q = LogProbabilities(logits: [Float(0.25), 0.25, 0.5].map { Float(Double($0).logarithm) })
        // .5 · ln 2 + .25 · ln 1 − .25 · ln 2
        #expect(abs(p.divergence(from: q) - 0.17328679513998632) < 1e-7)
        #expect(p.divergence(from: p) == 0)
        #expect(p.best == 0 && q.best == 2)
    }

    @Test("logits that overflow a naive softmax are no trouble")
    func largeLogits() {
        let p = LogProbabilities(logits: [Float(1000), 999])
        #expect(abs(p.values[0] + 0.31326168751822286) < 1e-9)
    }

    @Test("pairs are all pairs, or a fixed draw of different texts", arguments: [2, 3, 100, 1999, 5000])
    func pairs(count: Int) {
        let pairs = PairSampling.pairs(of: count)
        let bound = min(count, PairSampling.textLimit)
        #expect(pairs.count == min(bound * (bound - 1) / 2, PairSampling.pairLimit))
        #expect(pairs.allSatisfy { $0.0 != $0.1 && (0..<bound).contains($0.0) && (0..<bound).contains($0.1) })
        #expect(pairs.elementsEqual(PairSampling.pairs(of: count), by: ==))
    }

    @Test("masking hides about one token in seven, the same ones every time, and never a special one")
    func masking() {
        let sequence = ModelInput(ids: (0..<1400).map { Int32($0 % 70) })
        let masking = Masking(maskID: 103, specialIDs: [0, 1])
        let masked = masking.mask(sequence, index: 4)
        #expect((140...260).contains(masked.targets.count))
        for target in masked.targets {
            #expect(masked.sequence.ids[target.row] == 103)
            #expect(target.id == sequence.ids[target.row] && target.id > 1)
        }
        #expect(masked.sequence.ids.count { $0 == 103 } == masked.targets.count)
        #expect(masking.mask(sequence, index: 4).sequence == masked.sequence)
        #expect(masking.mask(sequence, index: 5).sequence != masked.sequence)
    }
}
