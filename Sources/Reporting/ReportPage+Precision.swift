import ModelGraph
import Quantizing
import Rewriting

extension ReportPage {
    /// Matrices of fewer bits: how many, and what became of each group of them; `nil` where all have 32.
    var precisionSection: Page.Section? {
        guard let converted, let summary = converted.graph.precisionText else { return nil }
        var blocks: [Page.Block] = [.text(words(summary))]
        guard let quantization, !quantization.steps.isEmpty else { return Page.Section("Precision", blocks) }
        let steps = quantization.steps
        let isMeasured = steps.contains { $0.error != nil }, hurts = steps.contains { $0.damage != nil }
        var columns: [TextTable.Column] = [.init("matrices", .left), .init("stored as", .left)]
        if isMeasured { columns += [.init("factors"), .init("refit"), .init("error"), .init("of plain rounding")] }
        if hurts { columns.append(.init("damage alone")) }
        columns.append(.init("why", .left))
        var table = TextTable(columns, caption: "Groups of matrices, in execution order")
        for step in steps {
            func number(_ value: Double?) -> String { value.map { Format.significant($0, 2) } ?? "" }
            var cells = [step.name, step.kind?.rawValue ?? "32 bits"]
            if isMeasured {
                cells += [number(step.smoothing), number(step.strength), number(step.error), number(step.plainError)]
            }
            if hurts { cells.append(number(step.damage)) }
            cells.append(step.reason.map(QuantizationWords.reason) ?? "")
            table.append(cells, mark: step.kind == nil ? .strong : .none)
        }
        blocks.append(steps.count > 12 ? .folded(title: "Every group of matrices", [.table(table)]) : .table(table))
        if isMeasured {
            blocks.append(
                .facts([
                    ("factors", "how far they even out the columns of the inputs, 0 to 1"),
                    ("refit", "how strongly it was held to the old weights; empty: none was kept"),
                    ("error", "squared error of the products on rows kept back, as a share of their energy"),
                ]))
        }
        return Page.Section("Precision", blocks)
    }

    private func words(_ summary: String) -> String {
        var text = "\(summary.prefix(1).uppercased())\(summary.dropFirst())."
        guard let quantization else { return text }
        let changed = quantization.steps.count { $0.kind != nil }
        text +=
            " \(quantization.wanted) was asked for: \(changed) of \(quantization.steps.count) groups of matrices "
            + "have fewer bits."
        if let after = quantization.after {
            text +=
                " That alone made a damage of \(Format.significant(after.damage, 3)) at the output, on texts kept "
                + "back."
        } else {
            text += " What that alone did to the output was not measured."
        }
        return text
    }
}

/// Why a group of matrices is as it is, in words.
package enum QuantizationWords {
    package static func reason(_ reason: String) -> String {
        switch reason {
        case QuantizationRefusal.small.rawValue: "small"
        case QuantizationRefusal.wide.rawValue: "too many inputs"
        case QuantizationRefusal.rounded.rawValue: "rounded by the graph itself"
        case QuantizationRefusal.shared.rawValue: "read in several ways"
        case QuantizationRefusal.operation.rawValue: "no linear operation"
        case "damage": "would hurt"
        case "no_data": "rounded to nearest, without data"
        default: reason
        }
    }
}
