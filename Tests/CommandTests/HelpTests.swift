import Foundation
import TestSupport
import Testing

/// Help texts are compared with stored ones, so that a changed option shows in review. To accept a change, run with
/// `REUSEFORMER_RECORD_HELP=1` and look at the difference.
@Suite("Help")
struct HelpTests {
    private static let folder = Repository.root.appending(path: "Tests/CommandTests/Help")

    @Test(
        "the help of every command is the stored one",
        arguments: [
            "", "inspect", "extract", "analyze", "merge", "plan", "validate", "convert", "verify", "eval", "run",
            "bench",
        ])
    func stored(command: String) throws {
        let outcome = try Command.Running((command.isEmpty ? [] : [command]) + ["--help"]).wait()
        #expect(outcome.status == 0)
        #expect(outcome.errors.isEmpty)
        let file = Self.folder.appending(path: "\(command.isEmpty ? "reuseformer" : command).txt")
        if ProcessInfo.processInfo.environment["REUSEFORMER_RECORD_HELP"] != nil {
            try outcome.output.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(outcome.output == (try? String(contentsOf: file, encoding: .utf8)))
    }

    @Test("the version is printed on standard output")
    func version() throws {
        let outcome = try Command.run("--version")
        #expect(outcome.status == 0)
        #expect(outcome.output.split(separator: ".").count == 3)
    }
}
