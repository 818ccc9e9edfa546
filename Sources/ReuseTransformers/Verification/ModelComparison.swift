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
    }

    package internal(set) var report: VerificationReport
    /// Of both models, where they were timed.
    package let timings: [Benchmark.Result]

    package init(report: VerificationReport, timings: [Benchmark.Result] = []) {
        self.report = report
        self.timings = timings
    }

    /// Whether every gate passed, and a model in which nothing was replaced computes what its source does.
    public var passed: Bool { report.passed }

    /// What was measured, savings included.
    public var measurements: [Measurement] {
        report.metrics.map {
            Measurement(metric: QualityMetric($0.metric), value: $0.value, source: $0.source, output: $0.output)
        }
    }

    /// The value of a metric; `nil` when it was not measured.
    public subscript(metric: QualityMetric) -> Double? { report[metric.metric] }

    /// Texts and tokens that both models saw.
    public var data: (texts: Int, tokens: Int) { (report.data.texts, report.data.tokens) }

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
                + "(fails when \(gate.condition))"
        }
        if let exactness = report.exactness, !exactness.holds {
            failures.append(
                "outputs differ by \(Format.significant(exactness.largestDifference, 3)) where nothing was replaced")
        }
        return failures
    }

    /// The comparison as JSON (`schemas/report.schema.json`).
    public func json() throws(TransformerError) -> Data {
        Data(try TransformerError.mapping { try Document.encode(report) })
    }

    /// The verdict as JUnit XML, one test case a gate: for CI systems.
    public var junit: String { JUnit.document(of: report) }
}
