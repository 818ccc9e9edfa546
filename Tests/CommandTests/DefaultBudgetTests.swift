import Foundation
import TestSupport
import Testing

@Suite("What convert does where little is said")
struct DefaultBudgetTests {
    private let scratch = Scratch()

    @Test("without a budget 15 % of the multiply-adds go")
    func work() throws {
        let converted = try Converted.shared.get()
        let outcome = try Command.Running(
            ["convert", Command.fixture, "-o", scratch("small.reuse.h5"), "--json"] + converted.calibration
        ).wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
        let document = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
        let work = try #require((document?["savings"] as? [String: Any])?["multiplyAdds"] as? [String: Double])
        let saved = 1 - (work["converted"] ?? 0) / (work["source"] ?? 1)
        #expect(saved >= 0.15 && saved < 0.3, "\(saved)")
    }

    @Test("a forecast needs no name for a file, a conversion does")
    func output() throws {
        let converted = try Converted.shared.get()
        let forecast = try Command.Running(["convert", Command.fixture, "--dry-run"] + converted.calibration).wait()
        #expect(forecast.status == 0, "\(forecast.errors)")
        let outcome = try Command.Running(["convert", Command.fixture] + converted.calibration).wait()
        #expect(outcome.status == 2 && outcome.errors.contains("--output"), "\(outcome.errors)")
    }

    @Test("a quality that too few texts choose is refused before the analysis")
    func fewTexts() throws {
        let converted = try Converted.shared.get()
        let outcome = try Command.Running(
            [
                "convert", Command.fixture, "--budget", "quality:pairs.spearman>=0.9", "-o", scratch("x.reuse.h5"),
            ] + converted.calibration
        ).wait()
        #expect(outcome.status == 2 && outcome.errors.contains("4 texts choose"), "\(outcome.errors)")
    }
}
