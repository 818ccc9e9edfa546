import ModelGraph
import Statistics

/// One measured number.
package struct Measurement: Sendable, Hashable, Codable {
    package let metric: Metric
    package let value: Double
    /// The source model's own value, where it has one: task metrics.
    package let source: Double?
    /// The output that it is of, where a model has several; `nil`: all of them, or the worst.
    package let output: String?
    /// Where the value would lie on other texts of the kind, in 95 of 100 cases; `nil` for what does not follow from
    /// single texts (the worst token, savings, speeds), and where there are too few of them. It holds the value.
    package let interval: Interval?

    package init(
        _ metric: Metric, _ value: Double, source: Double? = nil, output: String? = nil, interval: Interval? = nil
    ) {
        self.output = output
        self.metric = metric
        self.value = value
        self.source = source
        self.interval = interval?.including(value)
    }

    /// The end of the interval that is worse for the model; the value itself where there is no interval: what a demand
    /// on quality is held against.
    package var cautious: Double {
        guard value.isFinite, let interval else { return value }
        return metric.isBetterHigher ? interval.lower : interval.upper
    }
}

// JSON has no NaN: a value that is no number is written as null.
extension Measurement {
    private enum Key: String, CodingKey { case metric, value, source, output, interval }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        metric = try container.decode(Metric.self, forKey: .metric)
        value = try container.decodeIfPresent(Double.self, forKey: .value) ?? .nan
        source = try container.decodeIfPresent(Double.self, forKey: .source)
        output = try container.decodeIfPresent(String.self, forKey: .output)
        interval = try container.decodeIfPresent(Interval.self, forKey: .interval)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(metric, forKey: .metric)
        try container.encode(value.isFinite ? value : nil, forKey: .value)
        try container.encodeIfPresent(source.flatMap { $0.isFinite ? $0 : nil }, forKey: .source)
        try container.encodeIfPresent(output, forKey: .output)
        try container.encodeIfPresent(interval, forKey: .interval)
    }
}
