import Foundation
import Reporting
import Testing

/// How pages look is seen in a browser only; what made them half empty is a few rules.
@Suite("The report on paper")
struct PrintStyleTests {
    /// The rules for paper: selectors and declarations.
    private let rules: [(selectors: [String], body: String)] = {
        let html = Page(title: "t", subtitle: "s", sections: [], footer: "").html
        guard let start = html.range(of: "@media print{"), let end = html[start.upperBound...].range(of: "}}") else {
            return []
        }
        return html[start.upperBound..<end.lowerBound].split(separator: "}").compactMap { rule in
            let parts = rule.split(separator: "{", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            return (
                parts[0].split(separator: ",").map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }, "\(parts[1])"
            )
        }
    }()

    private func selectors(with declaration: String) -> Set<String> {
        Set(rules.filter { $0.body.contains(declaration) }.flatMap(\.selectors))
    }

    @Test("only what is small stays whole, and only headings stay with what follows")
    func breaks() {
        #expect(selectors(with: "break-inside:avoid") == [".figure", "figure", ".verdict", "tr", "li", "dd"])
        #expect(selectors(with: "break-after:avoid") == ["h2", "figcaption", "caption", "summary"])
        #expect(selectors(with: "break-before").isEmpty)
    }

    @Test("a drawing of a model with a dozen layers takes less than half a page, one of very many a page at most")
    func drawings() throws {
        let limit = try #require(rules.first { $0.selectors.contains("svg") && $0.body.contains("max-height") }).body
        let numbers = limit.matches(of: /([0-9]*\.?[0-9]+)(mm|\))/).compactMap { Double($0.output.1) }
        // min(page, max(min(usual, h · share), h · least))
        try #require(numbers.count == 4)
        let (page, usual, share, least) = (numbers[0], numbers[1], numbers[2], numbers[3])
        func height(_ pixels: Double) -> Double {
            let millimetres = pixels * 25.4 / 96
            return min(page, max(min(usual, millimetres * share), millimetres * least))
        }
        // A page has some 250 mm.
        #expect(height(352) < 70 && height(830) < 125 && height(10_000) <= 235)
        #expect(height(830) / (830 * 25.4 / 96) > 0.4, "letters of 11 pixels must stay legible")
    }
}
