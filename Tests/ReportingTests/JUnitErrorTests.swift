import Foundation
import FoundationXML
import Reporting
import Testing

@Suite("JUnit XML of a comparison that could not be made")
struct JUnitErrorTests {
    @Test("is one test case with an error that says why, in a suite that strict readers accept")
    func error() throws {
        let text = JUnit.document(
            ofErrorBetween: "a<b", and: "c", kind: "corrupt", message: "c: block 3 is damaged & \"cut\"")
        let document = try XMLDocument(xmlString: text)
        let suite = try #require(try document.nodes(forXPath: "/testsuites/testsuite").first as? XMLElement)
        let counts = ["tests": "1", "failures": "0", "errors": "1"]
        for (name, count) in counts { #expect(suite.attribute(forName: name)?.stringValue == count) }
        for name in ["id", "package", "timestamp", "hostname", "time"] {
            #expect(suite.attribute(forName: name)?.stringValue?.isEmpty == false, "\(name)")
        }
        let error = try #require(try document.nodes(forXPath: "//testcase/error").first as? XMLElement)
        #expect(error.attribute(forName: "message")?.stringValue == "c: block 3 is damaged & \"cut\"")
        #expect(error.attribute(forName: "type")?.stringValue == "corrupt")
    }
}
