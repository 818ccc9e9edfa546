import Analysis
import Reporting

/// An analysis for the terminal.
enum AnalysisText {
    /// One row a layer: how much the output suffers when its cheapest heads are replaced.
    static func describe(_ analysis: AnalysisDocument) -> String {
        var lines = [
            "\(analysis.heads.count) attention maps compared on \(Format.count(analysis.calibration.tokens)) tokens of "
                + "\(Format.count(analysis.calibration.texts)) texts"
        ]
        if let stability = analysis.stability {
            lines.append("stability of the similarities between two halves of the texts: \(Format.fixed(stability, 4))")
        }
        var table = TextTable([
            .init("layer", .left), .init("heads"), .init("1/4 replaced"), .init("1/2"), .init("3/4"), .init("all"),
        ])
        for curve in analysis.curves {
            let damages = curve.damages
            let heads = analysis.heads.count { $0.node == curve.node }
            let shares = [0.25, 0.5, 0.75, 1].map { share -> String in
                let count = Int((share * Double(heads)).rounded())
                return count < damages.count ? Format.significant(damages[count], 2) : "–"
            }
            table.append([curve.node, "\(heads)"] + shares)
        }
        lines += ["", "Damage at the output when the cheapest heads of a layer are replaced:", table.text]
        return lines.joined(separator: "\n")
    }
}
