import ModelGraph
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
            let names = kept.prefix(8).map { "\(Terminal.escaped($0.name)) (\(reason($0.reason)))" }
            text += "\nin 32 bits: \(names.joined(separator: ", "))"
            if kept.count > names.count { text += " and \(kept.count - names.count) more" }
        }
        return text
    }

    private static func reason(_ reason: String?) -> String {
        switch reason {
        case QuantizationRefusal.small.rawValue: "small"
        case QuantizationRefusal.wide.rawValue: "too many inputs"
        case QuantizationRefusal.rounded.rawValue: "rounded by the graph itself"
        case QuantizationRefusal.shared.rawValue: "read in several ways"
        case QuantizationRefusal.operation.rawValue: "no linear operation"
        case "damage": "would hurt"
        default: reason ?? "as it was"
        }
    }
}
