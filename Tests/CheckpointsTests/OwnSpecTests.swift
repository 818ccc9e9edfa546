import Checkpoints
import Foundation
import ModelGraph
import Platform
import TestSupport
import Testing

@Suite("A family of one's own")
struct OwnSpecTests {
    /// BERT under other keys than any built-in spec knows, and the document that says so.
    private func family(_ scratch: Scratch) throws -> (checkpoint: String, spec: String) {
        let folder = try scratch.copy("bert")
        try editConfig(
            folder,
            ["model_type": "house", "architectures": nil, "hidden_size": nil, "dim": 16, "num_hidden_layers": nil])
        try editConfig(folder, ["depth": 2])
        let root = URL(fileURLWithPath: fixtures).deletingLastPathComponent().deletingLastPathComponent()
        var text = try String(
            contentsOf: root.appendingPathComponent("Sources/ArchitectureSpecs/Architectures/bert.json"),
            encoding: .utf8)
        for (ours, theirs) in [
            (#""name": "bert""#, #""name": "house""#), (#""hf": "hidden_size""#, #""hf": "dim""#),
            (#""hf": "num_hidden_layers""#, #""hf": "depth""#),
        ] {
            try #require(text.contains(ours))
            text = text.replacing(ours, with: theirs)
        }
        let spec = scratch.path + "/house.json"
        try text.write(toFile: spec, atomically: true, encoding: .utf8)
        return (folder, spec)
    }

    @Test("a checkpoint that no built-in spec knows needs a JSON file, and no code")
    func ownFamily() throws {
        let scratch = Scratch()
        let (checkpoint, spec) = try family(scratch)
        #expect(throws: FileError.self) { try Checkpoint.load(path: checkpoint) }
        let model = try Checkpoint.load(path: checkpoint, options: .init(architecture: spec))
        let known = try Checkpoint.load(path: "\(fixtures)/bert")
        #expect(model.provenance.architecture == "house")
        #expect(model.graph == known.graph)
        #expect(model.tensors.mapValues(\.floats) == known.tensors.mapValues(\.floats))
        #expect(try Checkpoint.describe(path: checkpoint, options: .init(architecture: spec)).problems.isEmpty)
    }

    @Test("a spec that does not fit is told from one that does by what is missing")
    func misfit() throws {
        let scratch = Scratch()
        let (_, spec) = try family(scratch)
        let error = try #require(throws: FileError.self) {
            try Checkpoint.load(path: "\(fixtures)/bert", options: .init(architecture: spec))
        }
        #expect(error.problems.contains { $0.contains("dim") }, "\(error.problems)")
    }
}
