import Foundation
import JSON
import ModelGraph
import Reporting
import Verification

/// How a converted model compares with its source: measurements, and the verdict of the gates.
public struct ModelComparison: Sendable, Hashable {
    /// One number.
    public struct Measurement: Sendable, Hashable {
        /// What was measured.
        public let metric: QualityMetric
        /// The converted model's value; NaN when there is none.
        public let value: Double
        /// The source model's own, where it has one: accuracy and correlation.
        public let source: Double?
        /// Name of the output that it is of, where a model has several; `nil`: all of them, or the worst.
        public let output: String?
        /// Where the value would lie on other texts of the kind, in 95 of 100 cases; `nil` where that cannot be told.
        public let interval: ClosedRange<Double>?
    }

    package internal(set) var report: VerificationReport
    /// Of both models, where they were timed.
    package let timings: [Benchmark.Result]

    /// How long measuring took.
    package let times: StudyTimes

    package init(report: VerificationReport, timings: [Benchmark.Result] = [], times: StudyTimes = StudyTimes()) {
        self.report = report
        self.timings = timings
        self.times = times
    }

    /// Whether every gate passed, and a model in which nothing was replaced computes what its source does.
    public var passed: Bool { report.passed }

    /// What was measured, savings included.
    public var measurements: [Measurement] {
        report.metrics.map {
            Measurement(
                metric: QualityMetric($0.metric), value: $0.value, source: $0.source, output: $0.output,
                interval: $0.interval.map { $0.lower...$0.upper })
        }
    }

    /// The value of a metric; `nil` when it was not measured.
    public subscript(metric: QualityMetric) -> Double? { report[metric.metric] }

    /// Texts and tokens that both models saw.
    public var data: (texts: Int, tokens: Int) { (report.data.texts, report.data.tokens) }

    /// The same in words, and where they come from: `41 texts kept back`.
    public var dataDescription: String { report.data.description }
    /// What makes the measurements less sure than they look, and what to do about it, a sentence each.
    public var warnings: [String] { report.warnings }

    /// Share of the attention maps that is saved, 0…1.
    public var mapsSaved: Double { report.savings.maps.saved }
    /// Share of the multiply-adds that is saved at 128 tokens, 0…1.
    public var multiplyAddsSaved: Double { report.savings.multiplyAdds.saved }
    /// Share of the parameters that is saved, 0…1.
    public var parametersSaved: Double { report.savings.parameters.saved }

    /// Why the model is not good enough, one entry a gate that failed; empty when it passed.
    public var failures: [String] {
        var failures = report.gates.filter { !$0.passed }.map { gate in
            "\(gate.metric.rawValue) is \(gate.value.map { Format.significant($0, 5) } ?? "no number") "
                + "(fails when \(gate.condition))" + (Self.closeness(gate).map { ", \($0)" } ?? "")
        }
        if let exactness = report.exactness, !exactness.holds {
            failures.append(
                "outputs differ by \(Format.significant(exactness.largestDifference, 3)) where nothing was replaced")
        }
        return failures
    }

    /// Gates whose limit lies within the interval of what was measured, a sentence each: other texts of the kind might
    /// have judged otherwise.
    public var closeGates: [String] {
        report.gates.compactMap { gate in
            Self.closeness(gate).map { "\(gate.condition) is \(gate.passed ? "passed" : "failed"), \($0)" }
        }
    }

    private static func closeness(_ gate: VerificationReport.GateResult) -> String? {
        guard gate.isClose, let interval = gate.interval else { return nil }
        return "but its limit lies within the interval \(Format.significant(interval.lower, 5)) to "
            + "\(Format.significant(interval.upper, 5)): other texts might have judged otherwise"
    }

    /// The comparison as JSON (`schemas/report.schema.json`).
    public func json() throws(TransformerError) -> Data {
        Data(try TransformerError.mapping { try Document.encode(report) })
    }

    /// The verdict as JUnit XML, one test case a gate: for CI systems.
    public var junit: String { JUnit.document(of: report, times: times) }
}
