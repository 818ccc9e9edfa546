import Analysis
import ModelGraph
import Reporting
import Verification

/// What a conversion has gained and what it has cost, in one line: bytes, work, speed where it was measured, and how
/// near the outputs are.
enum ConversionLine {
    /// `23.1 MB (−75.0 %), −25.0 % multiply-adds at 128 tokens, 3.10 × as fast at 32×128, pairs.spearman 0.98714 on 400
    /// texts kept back`.
    ///
    /// - Parameter items: What was judged on: `texts`, `inputs`.
    static func text(of report: VerificationReport, items: String) -> String {
        var parts: [String] = []
        if let after = report.circumstances?.converted {
            let bytes = Circumstances.bytes(of: after)
            let source = report.circumstances?.source.map(Circumstances.bytes) ?? 0
            let change = source > 0 ? " (\(Format.change(Double(bytes) / Double(source) - 1)))" : ""
            parts.append(Format.bytes(bytes) + change)
        }
        let savings = report.savings
        parts.append("\(Format.change(-savings.multiplyAdds.saved)) multiply-adds \(savings.measure)")
        if let mean = report[.macsSavedMean] { parts.append("\(Format.change(-mean)) on average by exits") }
        if let timed = report.speed, timed.count > 1, let last = timed.last {
            parts.append(
                "\(Format.fixed(last.speedup, 2)) × as fast at \(SpeedTable.load(last.load))"
                    + " (\(Format.fixed(last.speedupLow, 2))–\(Format.fixed(last.speedupHigh, 2)))")
        }
        if let measured = ShippingVerdict.mainMetrics(of: report.metrics).first, report.data.texts > 0 {
            let interval = measured.interval.map { " (\(FidelityTable.interval(measured.metric, $0)))" } ?? ""
            let origin =
                switch report.data.origin {
                case .keptBack: " kept back"
                case .choosing: " that chose"
                case .given: ""
                }
            parts.append(
                "\(measured.metric.rawValue) \(FidelityTable.text(measured.metric, measured.value))\(interval) on "
                    + "\(report.data.texts) \(report.data.texts == 1 ? String(items.dropLast()) : items)\(origin)")
        }
        return parts.joined(separator: ", ")
    }

    /// That the speed which a budget asked for was predicted and not reached; `nil` where it was, or was not asked.
    static func shortfall(of report: VerificationReport, _ budget: Budget) -> String? {
        guard case .speed(let times, _, _) = budget.goal, let timed = report.speed, timed.count > 1,
            let last = timed.last, last.speedup < times
        else { return nil }
        return "asked for \(Format.fixed(times, 2)) × as fast, which the multiply-adds predict; measured "
            + "\(Format.fixed(last.speedup, 2)) × (\(Format.fixed(last.speedupLow, 2))–"
            + "\(Format.fixed(last.speedupHigh, 2))) at \(SpeedTable.load(last.load))"
    }

    /// What a plan saves, in every currency: `saves 33.3 % of the maps, …`.
    static func text(of savings: Savings) -> String {
        let bytes = savings.bytes
        let weights =
            bytes.converted > bytes.source
            ? "makes the weights \(Format.percent(-bytes.saved)) LARGER, since layers that share them no longer do"
            : "\(Format.percent(bytes.saved)) of the bytes (\(Format.bytes(bytes.source)) → "
                + "\(Format.bytes(bytes.converted)) of weights)"
        return """
            saves \(Format.percent(savings.maps.saved)) of the maps,
            \(Format.percent(savings.multiplyAdds.saved)) of the multiply-adds \(savings.measure), \
            predicted to be \(Format.fixed(savings.predictedSpeedup, 2)) × as fast,
            \(weights)
            """
    }
}
