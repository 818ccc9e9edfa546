import Analysis
import Reporting

/// A curve for the terminal.
enum CurveText {
    static func describe(_ curve: PlanCurve) -> String {
        let hasNeurons = curve.points.contains { $0.neurons != nil }
        var table = TextTable(
            [.init("maps replaced")] + (hasNeurons ? [.init("neurons left out")] : []) + [
                .init("maps saved"), .init("multiply-adds @\(curve.tokens)"), .init("bytes"),
                .init("expected damage"),
            ])
        for point in curve.points {
            table.append(
                ["\(point.replaced)"] + (hasNeurons ? ["\(point.neurons ?? 0)"] : []) + [
                    Format.percent(point.maps), Format.percent(point.multiplyAdds),
                    Format.percent(point.bytes), Format.significant(point.damage, 3),
                ])
        }
        return ([table.text] + (curve.comparison.map { text(of: $0) } ?? [])).joined(separator: "\n\n")
    }

    /// Savings at which kinds of moves are compared.
    private static let shares = [0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6]

    /// One row a saving, one column a kind of move, and in words where another kind becomes the cheapest.
    private static func text(of comparison: MoveComparison) -> [String] {
        var table = TextTable(
            [.init("multiply-adds @\(comparison.tokens)")]
                + comparison.curves.map { .init($0.moves == "all" ? "all moves" : "\($0.moves) alone") })
        for share in shares {
            let costs = comparison.curves.map { $0.damage(saving: share) }
            guard costs.contains(where: { $0 != nil }) else { break }
            table.append([Format.percent(share)] + costs.map { $0.map { Format.significant($0, 3) } ?? "–" })
        }
        let words = comparison.crossoverSentences
        return ["Expected damage of each kind of move at equal savings:\n\(table.text)"]
            + (words.isEmpty ? [] : [words.joined(separator: "\n")])
    }
}
