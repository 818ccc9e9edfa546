import ModelGraph
import Statistics

/// A condition under which a model is not good enough: `hidden.cosine.mean<0.97`.
package struct Gate: Sendable, Hashable, CustomStringConvertible {
    /// What must not hold.
    package let condition: MetricCondition

    /// The metric that is looked at.
    package var metric: Metric { condition.metric }

    package init(_ metric: Metric, _ comparison: Comparison, _ limit: Double) {
        condition = MetricCondition(metric, comparison, limit)
    }

    /// A gate from `METRIC OP VALUE`; spaces between the parts may be left out.
    package init(parsing text: String) throws(MetricCondition.SyntaxError) {
        condition = try MetricCondition(parsing: text)
    }

    /// Whether the model fails. A value that is no number always fails: nothing can be said for a broken model.
    package func fails(_ value: Double) -> Bool { value.isNaN || condition.holds(value) }

    package var description: String { condition.description }
}
