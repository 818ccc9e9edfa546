import Foundation
import TestSupport
import Testing

@Suite("Precisions side by side")
struct PrecisionSurveyTests {
    private let scratch = Scratch()

    @Test("few texts are said before anything is tried")
    func fewTexts() throws {
        let texts = try scratch.lines(40, of: Command.fixture + "/calibration.txt", as: "t.txt")
        let outcome = try Command.run(
            "precisions", Command.fixture, "--calibration", texts, "--max-length", "16", "--json")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let lines = outcome.errors.split(separator: "\n")
        let warning = try #require(lines.firstIndex { $0.contains("the quality is measured on only 4 texts") })
        #expect(try warning < #require(lines.firstIndex { $0.contains("Trying bf16: ") }), "\(outcome.errors)")
    }

    @Test("data that would be passed over are refused, and files that are not there are told at once")
    func mistakes() throws {
        let texts = try scratch.lines(4, of: Command.fixture + "/calibration.txt", as: "t.txt")
        let judged = try Command.run("precisions", Command.fixture, "--calibration", texts, "--judge", texts)
        #expect(judged.status == 2 && judged.errors.contains("--judge"))
        let missing = try Command.run("precisions", "nowhere", "--calibration", scratch("none.txt"))
        #expect(missing.status == 6 && missing.message.contains("none.txt: there is no such file"))
    }
}
