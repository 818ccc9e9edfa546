import Foundation
import TestSupport
import Testing

@Suite("Tests and scripts that the documents name")
struct DocumentedTests {
    @Test("every suite and every script that a document names is there")
    func existence() throws {
        let manager = FileManager.default
        let tests = Repository.root.appending(path: "Tests")
        var suites: Set<String> = []
        for path in try manager.subpathsOfDirectory(atPath: tests.path) where path.hasSuffix(".swift") {
            let text = try String(contentsOf: tests.appending(path: path), encoding: .utf8)
            for match in text.matches(of: /(?:struct|class|enum|func) ([A-Za-z]+Tests)\b/) {
                suites.insert(String(match.output.1))
            }
        }
        let documents = Repository.root.appending(path: "docs")
        var count = 0
        for name in try manager.contentsOfDirectory(atPath: documents.path) where name.hasSuffix(".md") {
            let text = try String(contentsOf: documents.appending(path: name), encoding: .utf8)
            for match in text.matches(of: /`([A-Za-z]+Tests)`/) {
                count += 1
                #expect(suites.contains(String(match.output.1)), "\(name): \(match.output.1)")
            }
            for match in text.matches(of: /scripts\/([a-z][a-z0-9_-]*)/) {
                let script = Repository.root.appending(path: "scripts/\(match.output.1)")
                let isThere = manager.fileExists(atPath: script.path) || manager.fileExists(atPath: script.path + ".py")
                #expect(isThere, "\(name): \(match.output.0)")
            }
        }
        #expect(count > 40)
    }
}
