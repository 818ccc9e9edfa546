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
        if let neurons = analysis.neurons, !neurons.isEmpty {
            lines += ["", "Damage when neurons of a feed-forward part are left out:", text(of: neurons)]
        }
        if let ranks = analysis.ranks, !ranks.isEmpty {
            lines += ["", "Damage when queries and keys of a layer are narrower:", text(of: ranks)]
        }
        if let linear = analysis.linear, !linear.isEmpty {
            var table = TextTable([.init("layer", .left), .init("damage")])
            for entry in linear { table.append([entry.node, Format.significant(entry.difference.damage, 2)]) }
            lines += ["", "Damage when one matrix stands in for a layer's attention:", table.text]
        }
        return lines.joined(separator: "\n")
    }

    /// What a shard holds.
    static func describe(_ part: Analysis.AnalysisPart) -> String {
        if part.stage == .maps { return "shard \(part.shard) holds the sums of all maps over its share of the texts" }
        let pieces = part.units.map { "\($0.kind.rawValue) of \($0.node)" }
        let total = Format.count(part.origin.units.count)
        guard !pieces.isEmpty else {
            return "shard \(part.shard) holds none of the \(total) pieces: there are more shards than pieces"
        }
        return "shard \(part.shard) holds \(pieces.count) of \(total) pieces: \(pieces.joined(separator: ", "))"
    }

    /// One row a layer.
    private static func text(of curves: [RankCurve]) -> String {
        var table = TextTable([.init("layer", .left), .init("columns"), .init("damage at fewer", .words)])
        for curve in curves {
            let points = zip(curve.ranks, curve.damages).map { "\($0): \(Format.significant($1, 2))" }
            table.append([curve.node, "\(curve.size)", points.joined(separator: ", ")])
        }
        return table.text
    }

    /// One row a part.
    private static func text(of curves: [NeuronCurve]) -> String {
        var table = TextTable([
            .init("part", .left), .init("neurons"), .init("1/8 left out"), .init("1/4"), .init("1/2"), .init("3/4"),
        ])
        for curve in curves {
            let damages = curve.damages
            let removed = curve.order.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
            let shares = [0.125, 0.25, 0.5, 0.75].map { share -> String in
                let count = removed.firstIndex { Double($0) >= share * Double(curve.width) } ?? damages.count
                return count < damages.count ? Format.significant(damages[count], 2) : "–"
            }
            table.append([curve.node, "\(curve.width)"] + shares)
        }
        return table.text
    }
}
