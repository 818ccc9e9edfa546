import ModelGraph
import Verification

/// A condition under which a model is not good enough, such as `hidden.cosine.mean<0.97`.
///
/// A metric that is not a number fails every gate on it.
public struct QualityGate: Sendable, Hashable, CustomStringConvertible {
    package let gate: Gate

    package init(_ gate: Gate) { self.gate = gate }

    /// A gate as the command line spells it: a metric, one of `<`, `<=`, `>`, `>=`, `==`, `!=`, and a number.
    ///
    /// - Throws: `.usage` when it cannot be read.
    public init(_ text: String) throws(TransformerError) {
        do { gate = try Gate(parsing: text) } catch { throw TransformerError(.usage, "\(error)") }
    }

    /// Fails when a metric is below a value.
    public static func below(_ value: Double, _ metric: QualityMetric) -> QualityGate {
        QualityGate(Gate(metric.metric, .less, value))
    }

    /// Fails when a metric is above a value.
    public static func above(_ value: Double, _ metric: QualityMetric) -> QualityGate {
        QualityGate(Gate(metric.metric, .greater, value))
    }

    /// The metric that is looked at.
    public var metric: QualityMetric { QualityMetric(gate.metric) }

    /// The gate as the command line spells it, `hidden.cosine.mean < 0.97`.
    public var description: String { gate.description }
}
