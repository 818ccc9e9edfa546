import Statistics
import Verification

/// Models side by side, one row a measure.
package enum EvaluationTable {
    /// The first model's numbers as they are, the others' with what they lose or gain against it.
    package static func table(of report: EvaluationReport) -> TextTable {
        var table = TextTable([.init("", .left), .init("items")] + report.models.map { .init($0.name) })
        for row in report.results {
            let cells = row.values.enumerated().map { index, value in
                let text = text(row.measure, value)
                guard index > 0, let value, let first = row.values.first.flatMap(\.self) else {
                    return text + (row.intervals[index].map { " (\(interval(row.measure, $0)))" } ?? "")
                }
                let near = row.differences[index].map { ", \(interval(ofDifferences: row.measure, $0))" } ?? ""
                return "\(text) (\(difference(row.measure, value, first))\(near))"
            }
            let label = row.output.map { "\(row.measure.rawValue) \($0)" } ?? row.measure.rawValue
            table.append([label, Format.count(row.items)] + cells)
        }
        let most = report.models.first?.maps ?? 0
        let maps = report.models.enumerated().map { index, model in
            guard index > 0, most > 0 else { return "\(model.maps)" }
            return "\(model.maps) (\(Format.percent(Double(model.maps - most) / Double(most))))"
        }
        table.append(["maps computed", ""] + maps)
        return table
    }

    private static func text(_ measure: EvaluationReport.Measure, _ value: Double?) -> String {
        guard let value else { return "–" }
        return measure.isShare ? Format.percent(value) : Format.fixed(value, 4)
    }

    /// Where a value would lie on other items: `92.1 % to 96.0 %`.
    private static func interval(_ measure: EvaluationReport.Measure, _ interval: Interval) -> String {
        "\(text(measure, interval.lower)) to \(text(measure, interval.upper))"
    }

    /// Where a difference would lie: `−0.30 to +0.55 points`.
    private static func interval(
        ofDifferences measure: EvaluationReport.Measure, _ interval: Interval
    ) -> String {
        // Of perplexities and errors an interval is of the ratio less 1.
        let first = measure == .perplexity || measure == .mae ? 1.0 : 0
        let lower = difference(measure, first + interval.lower, first)
        let upper = difference(measure, first + interval.upper, first)
        let unit = lower.drop { $0 != " " }
        return "\(lower.dropLast(unit.count)) to \(upper)"
    }

    /// Points of a share, per cent of a perplexity or of an error, the plain difference of a correlation.
    private static func difference(
        _ measure: EvaluationReport.Measure, _ value: Double, _ first: Double
    ) -> String {
        let (number, unit): (Double, String) =
            switch measure {
            case .accuracy: (100 * (value - first), " points")
            case .perplexity, .mae: (first > 0 ? 100 * (value / first - 1) : 0, " %")
            case .spearman, .r2: (value - first, "")
            }
        let digits = measure == .spearman || measure == .r2 ? 4 : 2
        return (number >= 0 ? "+" : "−") + Format.fixed(abs(number), digits) + unit
    }
}
