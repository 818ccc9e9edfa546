import Foundation
import TestSupport
import Testing

@Suite("What a release says of itself")
struct ReleaseTests {
    private func text(_ name: String) throws -> String {
        try String(contentsOf: Repository.root.appending(path: name), encoding: .utf8)
    }

    @Test("the version to cite is the program's")
    func citation() throws {
        let version = try Command.run("--version").output.trimmingCharacters(in: .whitespacesAndNewlines)
        let lines = try text("CITATION.cff").split(separator: "\n").map(String.init)
        #expect(lines.contains("version: \(version)"))
    }

    @Test("every dependency is of one version")
    func dependencies() throws {
        let packages = try text("Package.swift").split(separator: "\n").filter { $0.contains(".package(url:") }
        #expect(!packages.isEmpty && packages.allSatisfy { $0.contains("exact: \"") })
    }
}
