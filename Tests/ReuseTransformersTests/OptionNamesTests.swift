import Foundation
import Reporting
import ReuseTransformers
import Testing
import TestSupport

@Suite("Options in the library's errors")
struct OptionNamesTests {
    /// Options of other programs than ours, and those of a note that is the command's.
    private static let exempt: Set = ["--local-dir", "--high", "--temperature", "--top-k", "--top-p"]
    /// What is the command's: itself, its helper's own options, and what only it calls.
    private static let otherModules: Set = ["reuseformer", "reuseformer-h5index", "Evaluation"]
    /// Command lines for people, whoever asked for the text.
    private static let commandLines: Set = ["ModelCard.swift"]

    @Test("a program is told properties, the command its options")
    func translation() {
        let error = TransformerError(
            .corrupt, path: "m/--config", ["lacks x"],
            remedy: "--allow-missing takes zero, --config FILE tells it, --configured is none")
        #expect(
            error.remedy == "`TransformerModel.Options.allowsMissing` takes zero, "
                + "`TransformerModel.Options.configuration` FILE tells it, --configured is none")
        #expect(error.description.hasPrefix("m/--config: lacks x; `TransformerModel.Options.allowsMissing` takes"))
        #expect(error.lines.last == "--allow-missing takes zero, --config FILE tells it, --configured is none")
    }

    @Test("every option that a message of the modules below the command names has its property")
    func completeness() throws {
        let sources = Repository.root.appending(path: "Sources")
        let known = Set(OptionNames.properties.flatMap { $0.option.split(separator: " ").map(String.init) })
        var found: Set<String> = []
        for module in try FileManager.default.contentsOfDirectory(atPath: sources.path)
        where !Self.otherModules.contains(module) {
            let paths = try FileManager.default.subpathsOfDirectory(atPath: sources.appending(path: module).path)
            for path in paths
            where path.hasSuffix(".swift") && !path.contains("IndexHelper")
                && !path.hasSuffix("OptionNames.swift") && !Self.commandLines.contains(path)
            {
                let text = try String(contentsOf: sources.appending(path: "\(module)/\(path)"), encoding: .utf8)
                // `--h:` is a property of a style sheet.
                for line in text.split(separator: "\n") where line.contains("\"") && !line.contains("--h:") {
                    guard !line.drop(while: \.isWhitespace).hasPrefix("//") else { continue }
                    for match in line.matches(of: /--[a-z][a-z-]*/) {
                        let option = String(match.output)
                        found.insert(option)
                        #expect(known.contains(option) || Self.exempt.contains(option), "\(path): \(option)")
                    }
                }
            }
        }
        #expect(found.contains("--ignore-config"))
    }
}
