import Foundation
import ModelGraph
import Reporting
import Testing
import Verification

@Suite("Speeds for people")
struct SpeedTableTests {
    /// Times of two models whose single rounds say something else than their medians.
    private func results(scale: Double) -> [Benchmark.Result] {
        let first = [0.713, 0.9, 0.6, 0.72, 0.70].map { $0 * scale }
        let second = [0.731, 0.8, 0.55, 0.60, 0.80].map { $0 * scale }
        return [("source", first), ("small", second)].map { name, times in
            Benchmark.Result(
                model: name, load: "32x128", threads: 2, times: times, first: first, items: 32, tokens: 4096,
                multiplyAdds: (own: name == "source" ? 100 : 94, first: 100))
        }
    }

    /// The number at the beginning of a cell: `713.0 ms`, `1.07 ×`.
    private func number(_ cell: some StringProtocol) -> Double? {
        let word = String(cell.prefix { $0 != " " })
        return Double(word.filter { $0.isNumber || $0 == "." })
    }

    @Test("the times that a table shows give the ratio that it shows", arguments: [1e-4, 1e-3, 0.013, 1, 17])
    func ratio(scale: Double) throws {
        let lines = SpeedTable.table(of: results(scale: scale)).text.split(separator: "\n")
        let titles = try #require(lines.first)
        func cell(_ title: String, _ line: Substring) throws -> Double {
            // Columns are aligned: a number ends where its title ends.
            let end = try #require(titles.range(of: title)).upperBound
            let place = titles.distance(from: titles.startIndex, to: end)
            let upTo = line.prefix(place)
            let words = upTo.split(separator: " ")
            return try #require(words.count > 1 ? number(words[words.count - 2]) : nil)
        }
        let rows = lines.suffix(2)
        let times = try rows.map { try cell("time", $0) }, ratios = try rows.map { try cell("speed-up", $0) }
        #expect(ratios[0] == 1)
        #expect(abs(times[0] / times[1] - ratios[1]) < 0.006)
    }

    @Test("the page says the range beside the ratio, and explains every column that is no plain word")
    func explained() throws {
        let table = SpeedTable.table(of: results(scale: 1)).text
        let second = try #require(results(scale: 1).last)
        let range = "\(Format.fixed(second.speedupLow, 2))–\(Format.fixed(second.speedupHigh, 2))"
        #expect(table.contains(range))
        for entry in SpeedTable.legend { #expect(table.contains(entry.name) && !entry.meaning.isEmpty) }
    }
}
