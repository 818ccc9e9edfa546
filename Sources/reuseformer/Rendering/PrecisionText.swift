import Foundation
import ModelGraph
import Quantizing
import Reporting
import Rewriting

/// What quantising did, for the terminal.
enum PrecisionText {
    /// `int8: 26 groups of matrices, 12 with factors of their inputs, 20 refitted; in 32 bits: classifier (small)`.
    static func describe(_ summary: QuantizationSummary) -> String {
        let changed = summary.steps.filter { $0.kind != nil }
        let kept = summary.steps.filter { $0.kind == nil }
        var parts = ["\(changed.count) of \(summary.steps.count) groups of matrices"]
        let smoothed = changed.count { $0.smoothing != nil }, refitted = changed.count { $0.strength != nil }
        if smoothed > 0 { parts.append("\(smoothed) with factors of their inputs") }
        if refitted > 0 { parts.append("\(refitted) refitted") }
        if changed.contains(where: { $0.reason == "no_data" }) { parts.append("rounded to nearest, without data") }
        var text = "Precision \(summary.wanted): \(parts.joined(separator: ", "))"
        if !kept.isEmpty {
            let names = kept.prefix(8).map { step in
                let reason = step.reason.map(QuantizationWords.reason) ?? "as it was"
                return "\(Terminal.escaped(step.name)) (\(reason))"
            }
            text += "\nin 32 bits: \(names.joined(separator: ", "))"
            if kept.count > names.count { text += " and \(kept.count - names.count) more" }
        }
        return text
    }
}

extension PrecisionText {
    /// One row a precision.
    static func describe(_ survey: PrecisionSurvey) -> String {
        let isTimed = survey.shape != nil
        var columns: [TextTable.Column] = [.init("precision", .left), .init("MB"), .init("bits"), .init("of source")]
        if isTimed { columns.append(.init("speed")) }
        columns += [.init("damage"), .init("output", .left), .init("changed")]
        var table = TextTable(columns)
        let source = survey.rows.first?.bytes ?? 0
        for row in survey.rows {
            let share = 100 * Double(row.bytes) / Double(max(source, 1))
            let name = row.precision + (row.group.map { " by \($0)" } ?? "")
            var cells = [name, decimal(Double(row.bytes) / 1e6, 1), decimal(row.bits, 2)]
            cells.append("\(decimal(share, 1)) %")
            if isTimed { cells.append(row.speed.map { "\(decimal($0, 2)) ×" } ?? "") }
            if let difference = row.difference {
                cells += [decimal(difference.damage, 6), output(difference)]
            } else {
                cells += ["", "the source"]
            }
            if row.groups > 0 { cells.append("\(row.changed) of \(row.groups)") }
            table.append(cells)
        }
        let shape = survey.shape.map { " Speed at \($0), beside the source." } ?? ""
        return "\(table.text)\nBytes before compression; damage of the output on texts kept back.\(shape)"
    }

    /// The number that says most about an output.
    private static func output(_ difference: OutputDifference) -> String {
        if let numbers = difference.numbers { return "error \(decimal(numbers.squareRoot(), 5)) of the spread" }
        if let perplexity = difference.perplexity { return "perplexity × \(decimal(perplexity, 5))" }
        if let changed = difference.disagreement { return "\(decimal(100 * (1 - changed), 2)) % of predictions kept" }
        if let cosine = difference.cosine { return "cosine \(decimal(1 - cosine, 6))" }
        return ""
    }

    private static func decimal(_ value: Double, _ digits: Int) -> String {
        value.isFinite ? String(format: "%.\(digits)f", value) : "not a number"
    }
}
