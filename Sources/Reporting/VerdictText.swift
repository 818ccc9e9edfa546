import ModelGraph
import Statistics
import Verification

/// The answer to “should I ship it?” in words.
struct VerdictText {
    /// The answer: `Yes, by the defaults`.
    let answer: String
    /// Why.
    let reasons: [String]
    /// What the answer rests on, and how to ask for something else.
    let note: String?

    /// - Parameter texts: What was judged on, in words: `62 texts kept back`.
    init(_ report: VerificationReport, texts: String) {
        let verdict = report.verdict
        switch (verdict.outcome, verdict.isDefault) {
        case (.good, true): answer = "Yes, by the defaults"
        case (.good, false): answer = "Yes, by your gates"
        case (.unsure, _): answer = "Cannot tell yet"
        case (.bad, true) where report.exactness?.holds == false: answer = "No"
        case (.bad, true): answer = "No, by the defaults"
        case (.bad, false): answer = "No, by your gates"
        case (.unmeasured, _): answer = "Not measured"
        }
        var reasons: [String] = []
        if report.exactness?.holds == false { reasons.append("The outputs are not those that were promised.") }
        for gate in report.gates {
            let outcome = gate.passed ? "passed" : "failed"
            let close = gate.isClose ? ", but other texts of the kind might say otherwise." : "."
            reasons.append(
                Self.finding(gate.metric, gate.value, report, texts)
                    + "; fails when \(gate.condition): \(outcome)\(close)")
        }
        for criterion in verdict.criteria {
            reasons.append(
                Self.finding(criterion.metric, criterion.value, report, texts) + "; the default asks for "
                    + "\(Self.demand(criterion)): \(criterion.holds ? "met" : "missed")"
                    + (criterion.isClose ? ", but other texts of the kind might say otherwise." : "."))
        }
        if verdict.outcome == .unsure, report.data.texts < ShippingVerdict.fewestTexts {
            reasons.append(
                "\(report.data.texts) texts are few to judge by: the defaults ask for \(ShippingVerdict.fewestTexts).")
        }
        switch verdict.outcome {
        case .unmeasured: reasons.append("Nothing was run that says how near the outputs are to the source's.")
        case .good where verdict.isDefault && verdict.criteria.isEmpty:
            reasons.append("Nothing was replaced, and the outputs are the source's.")
        default: break
        }
        self.reasons = reasons
        let example = verdict.criteria.first.flatMap(Self.gate) ?? "hidden.cosine.mean<0.97"
        note =
            verdict.isDefault
            ? "No gates were given. The limits are defaults of reuseformer, the same for every model; whether they "
                + "suit your use only you can say. Ask for what you need: reuseformer verify … --fail-on '\(example)'"
            : nil
    }

    /// What was measured, in words: `pairs.spearman is 0.98214 (0.97900 to 0.98500) on 62 texts kept back`.
    private static func finding(
        _ metric: Metric, _ value: Double?, _ report: VerificationReport, _ texts: String
    ) -> String {
        let number = value.map { FidelityTable.text(metric, $0) } ?? "no number"
        let measured = report.metrics.first { $0.metric == metric && $0.output == nil }
        let interval = measured?.interval.map { " (\(FidelityTable.interval(metric, $0)))" } ?? ""
        // Savings and speeds are of the models, not of the texts.
        let on = metric.isSaving || metric == .speedup ? "" : " on \(texts)"
        return "\(metric.rawValue) is \(number)\(interval)\(on)"
    }

    /// What was asked for, in words: `at least 0.98`.
    static func demand(_ criterion: ShippingVerdict.Criterion) -> String {
        guard let condition = try? MetricCondition(parsing: criterion.condition) else { return criterion.condition }
        let limit =
            condition.metric.isShare
            ? Format.percent(condition.limit, 2) : Format.significant(condition.limit, 4).trimmedZeros
        return (condition.comparison == .lessOrEqual ? "at most " : "at least ") + limit
    }

    /// The gate that fails where the criterion does not hold.
    private static func gate(_ criterion: ShippingVerdict.Criterion) -> String? {
        guard let condition = try? MetricCondition(parsing: criterion.condition) else { return nil }
        let sign = condition.comparison == .lessOrEqual ? ">" : "<"
        return "\(condition.metric.rawValue)\(sign)\(condition.limit)"
    }
}

extension String {
    /// `0.9800` → `0.98`.
    fileprivate var trimmedZeros: String {
        guard contains(".") else { return self }
        var text = self
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }
}
