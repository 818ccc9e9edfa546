import Foundation
import FoundationXML
import JSON
import ModelGraph
import Reporting
import Testing
import Verification

#if canImport(FoundationXML)
#endif

@Suite("JUnit XML")
struct JUnitTests {
    @Test("a passed and a failed gate are two test cases, one with a failure that gives the value")
    func cases() throws {
        let graph = try Graph(inputs: [], nodes: [], outputs: [], hiddenStates: []).checked()
        let subject = { (name: String) in
            VerificationReport.Subject(
                name: name, provenance: .init(files: [], dialect: "hf-tf", architecture: "bert"))
        }
        let report = try VerificationReport(
            source: subject("a<b>\"&"), converted: subject("c"), data: .init([]),
            savings: Savings(source: graph, converted: graph),
            metrics: [Measurement(.hiddenCosineMean, 0.95), Measurement(.top1Agreement, 0.5)],
            gates: [Gate(.hiddenCosineMean, .less, 0.9), Gate(.top1Agreement, .less, 0.75)])
        let document = try XMLDocument(xmlString: JUnit.document(of: report))
        let suite = try #require(try document.nodes(forXPath: "/testsuites/testsuite").first as? XMLElement)
        #expect(suite.attribute(forName: "tests")?.stringValue == "2")
        #expect(suite.attribute(forName: "failures")?.stringValue == "1")
        #expect(suite.attribute(forName: "name")?.stringValue == "a<b>\"& → c")
        // What the schema of Ant's JUnit task, the strictest in use, requires of a suite and of a case.
        for name in ["id", "package", "timestamp", "hostname", "errors", "time"] {
            #expect(suite.attribute(forName: name)?.stringValue?.isEmpty == false, "\(name)")
        }
        #expect(suite.elements(forName: "system-out").count == 1 && suite.elements(forName: "system-err").count == 1)
        let cases = try document.nodes(forXPath: "//testcase/@time")
        #expect(cases.count == 2)
        let failures = try document.nodes(forXPath: "//testcase/failure")
        #expect(failures.count == 1)
        #expect(failures.first?.stringValue?.contains("top1.agreement is 0.5") == true)
    }
}
