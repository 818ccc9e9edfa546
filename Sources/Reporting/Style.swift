import EmbeddedFiles

/// The look of the report: light and dark by the reader's setting, black on white on paper.
enum Style {
    static var sheet: Markup {
        var result = rules
        for level in 0..<HeatMap.levels { result.append(.text(heat(level))) }
        return result
    }

    /// One colour of the heat map's scale: pale to deep on a light page, deep to bright on a dark one.
    private static func heat(_ level: Int) -> String {
        let share = Double(level) / Double(HeatMap.levels - 1)
        func colour(_ lightness: Double, _ chroma: Double, _ hue: Double) -> String {
            "oklch(\(SVG.number(lightness * 100))% \(SVG.number(chroma)) \(SVG.number(hue)))"
        }
        // Squared, so that the colours differ most where similarity decides: near the top.
        let curve = share * share * 0.55 + share * 0.45
        let light = colour(0.965 - 0.60 * curve, 0.015 + 0.14 * curve, 225 + 50 * curve)
        let dark = colour(0.25 + 0.63 * curve, 0.02 + 0.13 * curve, 275 - 95 * curve)
        return ".q\(level){fill:light-dark(\(light),\(dark))}"
    }

    /// `Resources/report.css`, without the end of its last line.
    private static let rules = Markup.verbatim(
        file: EmbeddedFile.bytes(of: "report.css", in: .reports).dropLast())
}
