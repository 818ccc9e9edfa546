import Foundation
import JSON
import ModelGraph
import Statistics
import TestSupport
import Testing
import Verification

/// Intervals against those that NumPy computes from the same draws (fixtures/intervals/make.py).
@Suite("Intervals by resampling texts")
struct IntervalTests {
    private struct Expected: Decodable {
        struct Rows: Decodable {
            let rows: [[Double]]
            let interval: [Double]
        }
        struct Tail: Decodable {
            let tokens: [[Double]]
            let share: Double
            let interval: [Double]
        }
        struct Similarities: Decodable {
            let first: [[Double]]
            let second: [[Double]]
            let spearman: Double
            let deviation: Double
        }
        struct Scores: Decodable {
            let scores: [Double]
            let guesses: [Double]
            let spearman: Double
            let deviation: Double
        }
        let mean: Rows
        let root: Rows
        let lowest: Tail
        let similarities: Similarities
        let scores: Scores
    }

    private let expected: Expected

    init() throws {
        let data = try Data(contentsOf: URL(filePath: Repository.fixture("intervals/intervals.json")))
        expected = try Document.decode(Expected.self, from: [UInt8](data))
    }

    private func sums(_ rows: [[Double]]) -> TextSums {
        var sums = TextSums(columns: 2)
        for row in rows { sums.add(row) }
        return sums
    }

    @Test("the corrected interval of a ratio of sums is NumPy's, to the last digits")
    func ratio() throws {
        let mean = try #require(Bootstrap.interval(of: sums(expected.mean.rows)) { $0[0] / $0[1] })
        #expect(abs(mean.lower - expected.mean.interval[0]) < 1e-12)
        #expect(abs(mean.upper - expected.mean.interval[1]) < 1e-12)
        let root = try #require(Bootstrap.interval(of: sums(expected.root.rows)) { ($0[0] / $0[1]).squareRoot() })
        #expect(abs(root.lower - expected.root.interval[0]) < 1e-12)
        #expect(abs(root.upper - expected.root.interval[1]) < 1e-12)
    }

    @Test("intervals of few texts are wider, as Student's distribution is")
    func few() {
        let ten = Bootstrap.tails(texts: 10), many = Bootstrap.tails(texts: 100_000)
        // 2.2622 · √(10 / 9) = 2.3845, and the share of a normal distribution above it.
        #expect(abs(ten.0 - 0.008551) < 1e-5 && abs(ten.0 + ten.1 - 1) < 1e-12)
        #expect(abs(many.0 - 0.025) < 1e-5)
    }

    @Test("the interval of a low percentile is NumPy's")
    func percentile() throws {
        var lowest = LowestValues()
        for text in expected.lowest.tokens {
            lowest.beginText()
            for value in text { lowest.add(value) }
        }
        let interval = try #require(lowest.interval(share: expected.lowest.share))
        // Values are kept in single precision.
        #expect(abs(interval.lower - expected.lowest.interval[0]) < 1e-6)
        #expect(abs(interval.upper - expected.lowest.interval[1]) < 1e-6)
    }

    @Test("resampling texts by their influence is as wide as ranking all their pairs again")
    func similarities() throws {
        func cosines(_ vectors: [[Double]], _ pairs: [(Int, Int)]) -> [Double] {
            pairs.map { pair in zip(vectors[pair.0], vectors[pair.1]).reduce(0) { $0 + $1.0 * $1.1 } }
        }
        let given = expected.similarities
        let pairs = PairSampling.pairs(of: given.first.count)
        let influence = try #require(SpearmanInfluence(cosines(given.first, pairs), cosines(given.second, pairs)))
        #expect(abs(influence.coefficient - given.spearman) < 1e-12)
        #expect(abs(influence.influences.reduce(0, +)) < 1e-6)
        let interval = try #require(influence.interval(ofPairs: pairs, texts: given.first.count))
        #expect(interval.contains(given.spearman))
        // 3.92 deviations are between the ends of a normal interval; the expansion is of the first order.
        #expect(abs((interval.upper - interval.lower) / (3.92 * given.deviation) - 1) < 0.15)
        let scores = try #require(SpearmanInfluence(expected.scores.scores, expected.scores.guesses))
        let ofScores = try #require(scores.interval)
        #expect(abs(scores.coefficient - expected.scores.spearman) < 1e-12)
        #expect(abs((ofScores.upper - ofScores.lower) / (3.92 * expected.scores.deviation) - 1) < 0.15)
    }

    @Test("shares have Wilson's interval, which is never sure because all items agree")
    func shares() throws {
        let eight = try #require(Interval.ofShare(8, of: 10))
        // By hand: (0.8 + 1.9207/10 ± 1.96·√(0.016 + 0.0096)) / 1.3841.
        #expect(abs(eight.lower - 0.490162) < 1e-5 && abs(eight.upper - 0.943318) < 1e-5)
        let all = try #require(Interval.ofShare(40, of: 40))
        #expect(abs(all.lower - 40 / (40 + 3.841459)) < 1e-6 && all.upper == 1)
        #expect(try #require(Interval.ofShare(0, of: 40)).lower == 0)
        // 3.8415 · 0.99 / 0.01 = 380.3
        #expect(Interval.itemsShowing(share: 0.99) == 381 && Interval.itemsShowing(share: 1) == nil)
    }

    @Test("thousands of texts are put together, and their sums stay what they were")
    func blocks() {
        var sums = TextSums(columns: 2)
        let texts = 5 * TextSums.rowLimit + 3
        for text in 0..<texts { sums.add([Double(text), 1]) }
        #expect(sums.texts == texts && sums.rows <= 2 * TextSums.rowLimit && sums.rows > TextSums.rowLimit)
        #expect(sums.totals == [Double(texts * (texts - 1) / 2), Double(texts)])
    }

    @Test("one text has no interval, and neither has what is no number")
    func nothing() {
        #expect(Bootstrap.interval(of: sums([[1, 2]])) { $0[0] / $0[1] } == nil)
        #expect(Bootstrap.interval(of: sums([[.nan, 1], [1, 1]])) { $0[0] / $0[1] } == nil)
    }

    // MARK: Metrics

    @Test("every statistic over texts has an interval that holds it; the worst token has none, nor rare ones of few")
    func metrics() throws {
        let study = try FidelityStudy(
            source: tinyEncoder(), converted: tinyEncoder(seed: 2),
            options: .init(masking: Masking(maskID: 29, specialIDs: [])))
        let found = try study.measure(tinyTexts(40))
        let rare: Set<Metric> = [.hiddenCosineMin, .hiddenCosineP01]
        for measured in found where !rare.contains(measured.metric) {
            let interval = try #require(measured.interval, "\(measured.metric)")
            #expect(interval.contains(measured.value) && interval.lower < interval.upper, "\(measured.metric)")
            if let range = measured.metric.range {
                #expect(range.contains(interval.lower) && range.contains(interval.upper))
            }
        }
        let worst = try #require(found.first { $0.metric == .hiddenCosineMin })
        #expect(worst.interval == nil && worst.cautious == worst.value)
        // Of 280 tokens three are one in a hundred: nothing is known of what lies beyond them.
        #expect(try #require(found.first { $0.metric == .hiddenCosineP01 }).interval == nil)
    }

    @Test("a demand on quality is held against the worse end: the lower where more is better, else the upper")
    func cautious() throws {
        let interval = try #require(Interval(0.2, 0.4))
        #expect(Measurement(.top1Agreement, 0.3, interval: interval).cautious == 0.2)
        #expect(Measurement(.logitsKLMean, 0.3, interval: interval).cautious == 0.4)
        #expect(Measurement(.logitsKLMean, .nan, interval: interval).cautious.isNaN)
    }

    @Test("a gate judges the value as it is, and says when its limit lies within the interval")
    func gates() throws {
        let model = tinyEncoder()
        let subject = VerificationReport.Subject(name: "tiny", provenance: model.provenance)
        let report = try VerificationReport(
            source: subject, converted: subject, data: .init(tinyTexts()),
            savings: Savings(source: model.graph, converted: model.graph),
            metrics: [Measurement(.hiddenCosineMean, 0.9, interval: Interval(0.8, 0.95))],
            gates: [
                Gate(.hiddenCosineMean, .less, 0.85), Gate(.hiddenCosineMean, .less, 0.93),
                Gate(.hiddenCosineMean, .less, 0.5), Gate(.mapsSaved, .less, 0),
            ], warnings: ["few texts"])
        #expect(report.gates.map(\.passed) == [true, false, true, true])
        #expect(report.gates.map(\.isClose) == [true, true, false, false])
        let back = try Document.decode(VerificationReport.self, from: Document.encode(report))
        #expect(back == report && back.warnings == ["few texts"])
    }

    @Test("two models on the same items: the difference is surer than either")
    func differences() throws {
        var first = Accuracy(), second = Accuracy()
        for item in 0..<200 {
            first.add(isRight: item % 10 != 0)
            second.add(isRight: item % 10 != 0 && item != 5)
        }
        let row = EvaluationReport.Row(
            .accuracy, items: 200, values: [first.share, second.share], samples: [first.samples, second.samples])
        let own = try #require(row.intervals[1]), difference = try #require(row.differences[1])
        #expect(row.differences[0] == nil && row.intervals[0]?.contains(0.9) == true)
        #expect(difference.contains(-0.005) && difference.upper - difference.lower < own.upper - own.lower)
    }

    @Test("errors of numbers against labels have intervals: of a constant error one point, of others a range")
    func numbers() throws {
        var same = TextSums(columns: 2), mixed = same
        for item in 0..<50 {
            same.add([4, 2])
            mixed.add([Double(item % 5), 2])
        }
        let constant = try #require(Samples(.mean, same).interval)
        #expect(constant.lower == 2 && constant.upper == 2)
        // Of 1 less the ratio: the mean of 0, 1, 2, 3, 4 by 2 is 1.
        let explained = try #require(Samples(.explained, mixed).interval)
        #expect(explained.contains(0) && explained.lower > -0.3 && explained.upper < 0.3)
    }

    @Test("what cannot be measured is told from the graph, with what helps")
    func measurable() throws {
        let graph = tinyEncoder().graph
        func obstacle(_ metric: Metric, _ material: MeasurableMetrics.Material = .init()) -> String? {
            do { try MeasurableMetrics(graph, material).check(metric) } catch { return "\(error)" }
            return nil
        }
        #expect(obstacle(.top1Agreement) == nil && obstacle(.perplexityRatio, .init(masking: true)) == nil)
        #expect(obstacle(.perplexityRatio)?.contains("no mask token") == true)
        #expect(obstacle(.speedup)?.contains("--timing") == true)
        #expect(obstacle(.accuracy)?.contains("--labels") == true)
        #expect(obstacle(.outputR2)?.contains("gives no numbers; what can be measured is hidden.cosine.mean") == true)
        #expect(obstacle(.hiddenCosineMean, .init(texts: false))?.contains("--data") == true)
    }
}
