import Checkpoints
import Foundation
import Platform
import TestSupport
import Testing

@Suite("Files of settings beside the weights")
struct SettingsFileTests {
    /// Each is either no JSON or JSON that no framework would take for settings.
    private static let contents = ["{\"num_beams\": ", "[1, 2]", "null", "", "\"text\""]

    @Test(
        "settings that cannot be read are refused by the file's name, none are taken for absent",
        arguments: ["config.json", "generation_config.json"], contents)
    func unreadable(_ name: String, _ content: String) throws {
        let scratch = try Scratch()
        let folder = try scratch.copy("bert")
        try Data(content.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        let error = #expect(throws: FileError.self) { _ = try Checkpoint.load(path: folder) }
        #expect(error?.kind == .corrupt)
        #expect(error?.description.contains("\(folder)/\(name)") == true)
    }
}
