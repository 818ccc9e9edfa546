import ModelGraph
import TestSupport
import Testing
import Verification

@Suite("Ratios of speeds")
struct SpeedRatioTests {
    /// Times of a model and of one that it is compared with, round by round.
    private func result(_ times: [Double], first: [Double]) -> Benchmark.Result {
        Benchmark.Result(
            model: "m", load: "32x128", threads: 1, times: times, first: first, items: 32, tokens: 4096,
            multiplyAdds: (own: 90, first: 100))
    }

    // The case of a busy machine: the median of the ratios of neighbouring runs is 1.25 where the shown times are
    // 1.0 s and 1.0 s.
    @Test("the ratio is that of the two shown times, whatever the ratios of single rounds are")
    func shownTimes() {
        let first = [1.0, 1.25, 2.5, 0.5, 1.0], second = [0.8, 1.0, 2.0, 1.0, 1.0]
        let pairs = zip(first, second).map { $0 / $1 }.sorted()
        #expect(pairs[2] == 1.25)
        let ratio = SpeedRatio(first, second)
        #expect(ratio.value == 1)
        let measured = result(second, first: first), base = result(first, first: first)
        #expect(measured.speedup == base.seconds / measured.seconds)
        #expect(measured.speedup == measured.tokensPerSecond / base.tokensPerSecond)
        #expect(measured.rounds == 5)
    }

    @Test("the ratio lies within its range, and every ratio of medians within the ratios of single rounds")
    func range() {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<40 {
            let rounds = Int.random(in: 2...40, using: &random)
            let first = (0..<rounds).map { _ in Double.random(in: 0.5...2, using: &random) }
            let second = first.map { $0 * Double.random(in: 0.7...1.3, using: &random) }
            let ratio = SpeedRatio(first, second)
            let pairs = zip(first, second).map { $0 / $1 }
            #expect(ratio.low <= ratio.value && ratio.value <= ratio.high)
            #expect((pairs.min() ?? 0) - 1e-12 <= ratio.low && ratio.high <= (pairs.max() ?? 0) + 1e-12)
        }
    }

    @Test("a model that always takes four fifths of the time is 1.25 times as fast, on a machine that slows down too")
    func drift() {
        let first = (0..<20).map { 1 + 0.2 * Double($0) }
        let ratio = SpeedRatio(first, first.map { $0 * 0.8 })
        for value in [ratio.value, ratio.low, ratio.high] { #expect(abs(value - 1.25) < 1e-12) }
    }

    @Test("a model beside itself is exactly as fast; one round has no range; no round is no number")
    func edges() {
        let same = SpeedRatio([1, 2, 3], [1, 2, 3])
        #expect(same.value == 1 && same.low == 1 && same.high == 1)
        let single = SpeedRatio([3], [2])
        #expect(single.value == 1.5 && single.low == 1.5 && single.high == 1.5)
        #expect(SpeedRatio([], []).value.isNaN)
    }
}
