import Statistics
import Testing
import Verification

@Suite("An interval holds its estimate")
struct EstimateInsideTests {
    @Test("an interval that lies beside the estimate is widened as far as it")
    func widened() throws {
        let beside = try #require(Interval(0.6, 0.7))
        #expect(beside.including(0.5) == Interval(0.5, 0.7))
        #expect(beside.including(0.75) == Interval(0.6, 0.75))
        #expect(beside.including(0.65) == beside)
        #expect(beside.including(.nan) == beside)
    }

    @Test("the first percentile of cosines, counted in bins, lies inside the interval that exact values give")
    func percentile() throws {
        // One low value a text: the first percentile of every resample is this cosine, whose bin begins below it.
        let cosine = 0.999994999
        var bins = CosineStatistics(), lowest = LowestValues()
        for _ in 0..<8 {
            lowest.beginText()
            for value in [0.9] + [Double](repeating: cosine, count: 199) {
                bins.add(value)
                lowest.add(value)
            }
        }
        let estimate = bins.percentile(0.01)
        let interval = try #require(lowest.interval(share: 0.01))
        #expect(estimate < interval.lower)
        let measured = Measurement(.hiddenCosineP01, estimate, interval: interval)
        #expect(measured.interval?.contains(estimate) == true)
        #expect(measured.cautious == estimate)
    }
}
