import ModelGraph
import Statistics

/// Whether a converted model is good enough to take the place of its source: by the gates that were given, else by
/// defaults that the report names as such.
package struct ShippingVerdict: Sendable, Hashable, Codable {
    /// How it came out.
    package enum Outcome: String, Sendable, Hashable, Codable {
        case good
        /// What was measured cannot tell: too few texts, or a limit within the interval of the value.
        case unsure
        case bad
        /// Nothing was measured that says how good the model is.
        case unmeasured
    }

    /// One thing that had to hold.
    package struct Criterion: Sendable, Hashable, Codable {
        package let metric: Metric
        /// What had to hold: `pairs.spearman >= 0.98`.
        package let condition: String
        /// What was measured; `nil`: no number.
        package let value: Double?
        package let holds: Bool
        /// Whether other texts of the kind might have said otherwise.
        package let isClose: Bool
    }

    package let outcome: Outcome
    /// Whether the defaults judged, since no gates were given.
    package let isDefault: Bool
    /// What the defaults asked for; empty where gates judged.
    package let criteria: [Criterion]

    /// Texts that the defaults need at least before they say anything.
    package static let fewestTexts = 100

    /// What the defaults ask of a measurement; the limits stand in docs/data.md.
    ///
    /// Task metrics are held against the source's own value: what may be lost is half a point in a hundred.
    private static func demand(on measured: Measurement) -> MetricCondition? {
        switch measured.metric {
        case .accuracy, .spearman:
            measured.source.map { MetricCondition(measured.metric, .greaterOrEqual, ($0 - 0.005).rounded(5)) }
        case .perplexityRatio: MetricCondition(.perplexityRatio, .lessOrEqual, 1.02)
        case .outputR2: MetricCondition(.outputR2, .greaterOrEqual, 0.98)
        case .top1Agreement: MetricCondition(.top1Agreement, .greaterOrEqual, 0.98)
        case .pairsSpearman: MetricCondition(.pairsSpearman, .greaterOrEqual, 0.98)
        case .pooledCosineMean: MetricCondition(.pooledCosineMean, .greaterOrEqual, 0.98)
        case .hiddenCosineMean: MetricCondition(.hiddenCosineMean, .greaterOrEqual, 0.97)
        default: nil
        }
    }

    /// Main metrics of every use, what is nearest to the user's task first: the first group of which something was
    /// measured decides.
    private static let groups: [[Metric]] = [
        [.accuracy, .spearman], [.perplexityRatio], [.outputR2], [.top1Agreement],
        [.pairsSpearman, .pooledCosineMean], [.hiddenCosineMean],
    ]

    /// The metrics that tell most about how good a model is at its use, among those that were measured of all outputs
    /// together.
    package static func mainMetrics(of metrics: [Measurement]) -> [Measurement] {
        let whole = metrics.filter { $0.output == nil }
        for group in groups {
            let found = group.compactMap { metric in whole.first { $0.metric == metric } }
            if !found.isEmpty { return found }
        }
        return []
    }

    /// - Parameters:
    ///   - passed: Whether every gate passed and every promise of exactness held.
    ///   - hasGates: Whether there were any gates.
    ///   - texts: Texts that the metrics were measured on.
    ///   - isExact: Whether nothing was replaced and the outputs are the source's.
    init(metrics: [Measurement], passed: Bool, hasGates: Bool, texts: Int, isExact: Bool) {
        isDefault = !hasGates
        guard passed, !hasGates else {
            outcome = passed ? .good : .bad
            criteria = []
            return
        }
        criteria = Self.mainMetrics(of: metrics).compactMap { measured in
            Self.demand(on: measured).map { demand in
                Criterion(
                    metric: measured.metric, condition: demand.description,
                    value: measured.value.isFinite ? measured.value : nil, holds: demand.holds(measured.value),
                    isClose: measured.interval?.contains(demand.limit) ?? false)
            }
        }
        if criteria.contains(where: { !$0.holds && !$0.isClose }) {
            outcome = .bad
        } else if criteria.isEmpty {
            outcome = isExact ? .good : .unmeasured
        } else if !isExact, texts < Self.fewestTexts || criteria.contains(where: \.isClose) {
            outcome = .unsure
        } else {
            outcome = .good
        }
    }
}
