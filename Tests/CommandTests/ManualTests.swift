import Foundation
import TestSupport
import Testing

@Suite("Manual pages and completions")
struct ManualTests {
    @Test(
        "completions are printed for every shell, and know commands, options and their values",
        arguments: [
            "bash", "zsh", "fish",
        ])
    func completions(shell: String) throws {
        let outcome = try Command.run("--generate-completion-script", shell)
        #expect(outcome.status == 0)
        for word in ["convert", "calibration-tokens", "granularity", "layer"] { #expect(outcome.output.contains(word)) }
    }

    @Test("there is a page for every command with all its options, the shared ones too")
    func pages() throws {
        let scratch = Scratch()
        let script = Command.root.appending(path: "scripts/manuals").path
        let outcome = try Command.Running(
            ["python3", script, scratch.path, Command.executable.path],
            executable: URL(fileURLWithPath: "/usr/bin/env")
        ).wait()
        // No Python here.
        guard outcome.status != 127 else { return }
        #expect(outcome.status == 0, "\(outcome.errors)")
        for command in [
            "inspect", "extract", "analyze", "plan", "validate", "convert", "verify", "eval", "run", "bench",
        ] {
            let page = try String(
                contentsOf: scratch.url("man/man1/reuseformer-\(command).1"), encoding: .utf8)
            #expect(page.contains(".SH SYNOPSIS") && page.contains(".SH OPTIONS"))
            #expect(page.allSatisfy { $0.isASCII })
            if command != "extract" { #expect(page.contains("\\-\\-allow\\-missing"), "\(command)") }
        }
        for place in [
            "bash-completion/completions/reuseformer", "zsh/site-functions/_reuseformer",
            "fish/vendor_completions.d/reuseformer.fish", "man/man1/reuseformer.1",
        ] { #expect(FileManager.default.fileExists(atPath: scratch(place)), "\(place)") }
    }
}
