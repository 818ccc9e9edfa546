import Foundation
import ModelGraph
import Verification

/// What a conversion has gained and what it has cost, in one line: bytes, work, speed where it was measured, and how
/// near the outputs are.
enum ConversionLine {
    /// `23.1 MB (−4.2 %), −6.1 % multiply-adds at 128 tokens, hidden.cosine.mean 0.98714 on 400 texts kept back`.
    ///
    /// - Parameters:
    ///   - bytes: Size of the written file; `nil` where it cannot be told.
    ///   - sourceBytes: Size of the source's weight files.
    ///   - speed: As a multiple of the source's, and at which shape it was measured.
    static func text(
        of report: VerificationReport, bytes: Int?, sourceBytes: Int?, speed: (ratio: Double, shape: String)? = nil
    ) -> String {
        var parts: [String] = []
        if let bytes {
            let change = sourceBytes.map { $0 > 0 ? " (\(percent(Double(bytes) / Double($0) - 1)))" : "" } ?? ""
            parts.append(megabytes(bytes) + change)
        }
        let savings = report.savings
        parts.append("\(percent(-savings.multiplyAdds.saved)) multiply-adds at \(savings.tokens) tokens")
        if let speed { parts.append("\(decimal(speed.ratio, 2)) × as fast at \(speed.shape)") }
        // Of models that give numbers these count, not how hidden states lie.
        let ofNumbers = report.metrics.first { $0.metric == .outputRelativeError }
        if let measured = ofNumbers ?? report.metrics.first(where: { !Self.isSaving($0.metric) }),
            report.data.texts > 0
        {
            parts.append(
                "\(measured.metric.rawValue) \(decimal(measured.value, 5)) on \(report.data.texts) inputs kept back")
        }
        return parts.joined(separator: ", ")
    }

    /// What a plan saves, in every currency: `saves 33.3 % of the maps, …`.
    static func text(of savings: Savings) -> String {
        func share(_ change: Savings.Change) -> String { "\(decimal(change.saved * 100, 1)) %" }
        return "saves \(share(savings.maps)) of the maps, \(share(savings.multiplyAdds)) of the multiply-adds at "
            + "\(savings.tokens) tokens, \(share(savings.bytes)) of the bytes"
    }

    private static func isSaving(_ metric: Metric) -> Bool { metric.rawValue.hasSuffix(".saved") }

    /// A signed share: `−4.2 %`.
    private static func percent(_ share: Double) -> String {
        let text = decimal(abs(share) * 100, 1)
        return "\(text == "0.0" ? "" : share < 0 ? "−" : "+")\(text) %"
    }

    private static func megabytes(_ bytes: Int) -> String {
        bytes < 1_000_000 ? "\(decimal(Double(bytes) / 1e3, 1)) kB" : "\(decimal(Double(bytes) / 1e6, 1)) MB"
    }

    private static func decimal(_ value: Double, _ digits: Int) -> String {
        value.isFinite ? String(format: "%.\(digits)f", value) : "not a number"
    }
}
