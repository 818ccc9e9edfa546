import Analysis
import ModelGraph
import Rewriting
import Verification

/// What is said about numbers that rest on few texts.
package enum JudgingWarnings {
    /// Fewer texts than this are few to judge by.
    package static let fewestTexts = ShippingVerdict.fewestTexts

    /// - Parameter remedy: What to do about it.
    package static func of(judging texts: Int, remedy: String) -> [String] {
        guard texts < fewestTexts else { return [] }
        return [
            "only \(texts == 1 ? "1 text judges" : "\(texts) texts judge"), fewer than \(fewestTexts): the quality is "
                + "known as roughly as its intervals say; \(remedy)"
        ]
    }
}

extension CalibrationSet {
    /// Rows that a fit should see for each number that it weighs.
    private static let rowsPerUnknown = 5

    /// The texts that judge, and what is said of them.
    package var judges: (items: [ModelInput], data: VerificationReport.Data) {
        let origin: VerificationReport.Data.Origin =
            isJudgingGiven ? .given : judging.isEmpty ? .choosing : .keptBack
        let items = judging.isEmpty ? choosing : judging
        return (
            items,
            .init(
                items, origin: origin,
                calibration: .init(
                    fittingTexts: fit.count, fittingTokens: fittingTokens, choosingTexts: choosing.count))
        )
    }

    /// What is said when refits have few rows for what they weigh.
    package func fittingWarnings(of graph: CheckedGraph, heals: Bool) -> [String] {
        guard heals else { return [] }
        let unknowns =
            graph.branches.map { branch in
                switch branch.features {
                case .context:
                    let attention = graph.node(named: branch.node)?.attention
                    return (attention?.keptHeads.count ?? 0) * (attention?.valueSize ?? 0)
                case .value(let name): return graph.shapes[name]?.width ?? 0
                }
            }.max() ?? 0
        let wanted = Self.rowsPerUnknown * unknowns
        guard fittingTokens < wanted else { return [] }
        return [
            "refits learn from \(Format.count(fittingTokens)) tokens, fewer than \(Self.rowsPerUnknown) for each of "
                + "the up to \(Format.count(unknowns)) numbers that they weigh (\(Format.count(wanted))): what they "
                + "learn may not hold for other texts; give more calibration texts"
        ]
    }

    /// What is said when few texts judge, or texts that were learned from.
    package var judgingWarnings: [String] {
        if judging.isEmpty {
            return [
                "no text is left to judge: what is printed was measured on the texts that chose, and is too good; give "
                    + "--judge FILE, or more different calibration texts"
            ]
        }
        var warnings = JudgingWarnings.of(
            judging: judging.count,
            remedy: isJudgingGiven ? "give --judge more of them" : "give --judge FILE, or more calibration texts")
        if isJudgingGiven, repeated > 0 {
            warnings.append(
                "\(repeated) of the \(judging.count) texts that judge are among the calibration texts too: what they "
                    + "show is too good; take them out of one of the files")
        }
        return warnings
    }

    /// What is said when an analysis has seen, or may have seen, the texts that judge.
    package func warnings(about analysis: AnalysisDocument) -> [String] {
        guard !isJudgingGiven, !judging.isEmpty else { return [] }
        if analysis.calibration.digest != digest.hex {
            return [
                "the analysis was made on other calibration data: nobody knows whether it has seen the texts that "
                    + "judge; analyse these, or give --judge FILE"
            ]
        }
        guard (analysis.calibration.judgingTexts ?? 0) == 0 else { return [] }
        return [
            "the analysis has seen the texts that judge: analyse again without --judge, or give --judge FILE"
        ]
    }
}

extension JudgingWarnings {
    /// What is said when a tokenizer knows little of the texts.
    ///
    /// - Parameter share: Share of the tokens that stand for something unknown.
    package static func ofUnknown(share: Double) -> String? {
        guard share > 0.05 else { return nil }
        return "\(Format.percent(share)) of the tokens are unknown to the tokenizer: the texts are in another language "
            + "or script than the model's, or the tokenizer is another model's"
    }
}

extension JudgingWarnings {
    /// What is said when several models are measured side by side on few texts.
    package static func ofMeasuring(on texts: Int) -> [String] {
        guard texts < fewestTexts else { return [] }
        return [
            "the quality is measured on only \(texts == 1 ? "1 text" : "\(texts) texts"), fewer than \(fewestTexts): "
                + "others may rank the models otherwise; give more calibration texts"
        ]
    }
}

extension HealingSummary {
    /// What is said when repairs made the model worse at its own use.
    package var warnings: [String] {
        let what: String
        switch outcome {
        case .takenBack: what = "the repairs were taken back"
        case .partlyKept: what = "the later ones of the repairs were taken back"
        case .kept, nil: return []
        }
        return [
            "\(what): with all of them the model was worse at its own use, on the texts that choose; give more "
                + "calibration texts, or texts that are more like those that it will meet"
        ]
    }
}
