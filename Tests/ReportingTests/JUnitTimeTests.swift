import Foundation
import FoundationXML
import ModelGraph
import Reporting
import Testing
import Verification

@Suite("Seconds in JUnit XML")
struct JUnitTimeTests {
    private func seconds(_ path: String, in text: String) throws -> [Double] {
        try XMLDocument(xmlString: text).nodes(forXPath: path).map { try #require(Double($0.stringValue ?? "")) }
    }

    @Test("a study's seconds are the first gate's that rests on it, and a suite's are those of its cases")
    func cases() throws {
        let graph = try Graph(inputs: [], nodes: [], outputs: [], hiddenStates: []).checked()
        let subject = VerificationReport.Subject(
            name: "a", provenance: .init(files: [], dialect: "hf-tf", architecture: "bert"))
        let report = try VerificationReport(
            source: subject, converted: subject, data: .init([]), savings: Savings(source: graph, converted: graph),
            metrics: [
                Measurement(.hiddenCosineMean, 1), Measurement(.top1Agreement, 1), Measurement(.speedup, 1),
                Measurement(.accuracy, 1),
            ],
            gates: [
                Gate(.hiddenCosineMean, .less, 0.9), Gate(.top1Agreement, .less, 0.75), Gate(.mapsSaved, .less, -1),
                Gate(.speedup, .less, 0.5), Gate(.accuracy, .less, 0.5),
            ])
        var times = StudyTimes()
        times[.fidelity] = 12.3456
        times[.speed] = 2
        times[.labels] = 0.25
        let text = JUnit.document(of: report, times: times)
        #expect(try seconds("//testcase/@time", in: text) == [12.346, 0, 0, 2, 0.25])
        #expect(try seconds("//testsuite/@time", in: text) == [14.596])
        #expect(try seconds("//@time", in: JUnit.document(of: report)).allSatisfy { $0 == 0 })
    }

    @Test("a verdict that could not be reached says how long that took")
    func error() throws {
        let text = JUnit.document(ofErrorBetween: "a", and: "b", kind: "corrupt", message: "m", seconds: 3.5)
        #expect(try seconds("//testsuite/@time", in: text) == [3.5] && seconds("//testcase/@time", in: text) == [3.5])
    }

    @Test("time that passes is added to its study")
    func clock() {
        var times = StudyTimes()
        times.add(.pairs, since: .now - .seconds(2))
        #expect(times[.pairs] >= 2 && times[.pairs] < 60 && times.total == times[.pairs])
        #expect(times.take(.pairs) >= 2 && times.take(.pairs) == 0)
    }
}
