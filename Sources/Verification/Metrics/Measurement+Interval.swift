import ModelGraph
import Statistics

extension Measurement {
    /// A number that follows from a ratio of sums over texts, with its interval.
    ///
    /// - Parameters:
    ///   - sums: Two columns: what is summed, and what it is divided by.
    ///   - statistic: What the number is of the ratio.
    static func ofRatio(
        _ metric: Metric, _ value: Double, _ sums: TextSums, source: Double? = nil,
        _ statistic: (Double) -> Double = { $0 }
    ) -> Measurement {
        Measurement(
            metric, value, source: source, interval: Interval.ofRatio(metric, value, sums, statistic))
    }
}

extension Interval {
    /// The interval of a number that follows from a ratio of sums over texts.
    static func ofRatio(
        _ metric: Metric, _ value: Double, _ sums: TextSums, _ statistic: (Double) -> Double = { $0 }
    ) -> Interval? {
        guard value.isFinite else { return nil }
        if metric.isOfAgreement {
            let totals = sums.totals
            if totals[1] == Double(sums.texts) { return .ofShare(totals[0], of: totals[1]) }
            // Several predictions a text, all alike: as sure as so many texts make it.
            if value == 0 || value == 1 { return .ofShare(value * Double(sums.texts), of: Double(sums.texts)) }
        }
        let interval = Bootstrap.interval(of: sums) { statistic($0[0] / $0[1]) }
        return metric.range.flatMap { interval?.limited(to: $0) } ?? interval
    }
}

extension Metric {
    /// Whether the number is a share of texts (of their predictions) that come out in one of two ways.
    fileprivate var isOfAgreement: Bool { self == .top1Agreement || self == .accuracy }
}

extension TextSums {
    /// Adds what a mean has grown by since a text began; nothing where it has not.
    mutating func add(_ mean: RunningMean, since before: RunningMean) {
        guard mean.count > before.count else { return }
        add([mean.sum - before.sum, Double(mean.count - before.count)])
    }
}
