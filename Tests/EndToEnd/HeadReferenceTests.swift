import Checkpoints
import Foundation
import Inputs
import ModelGraph
import NumPy
import Outputs
import Platform
import Runtime
import Tensors
import Testing
import TestSupport

private let folder = Repository.fixture("heads")
private let inputNames: Set = ["input_ids", "attention_mask", "token_type_ids"]

@Suite("Heads by class and settings of configurations against the framework's own outputs")
struct HeadReferenceTests {
    @Test(
        "each class gives its own outputs",
        arguments: [
            "albert_tokens", "bart_sequence", "bert_choice", "bert_headless", "bert_question", "bert_untied",
            "deberta_tokens", "llama_leftover_window", "llama_sequence", "qwen2_layer_types", "qwen2_no_switch",
            "roberta_padding",
        ])
    func outputs(_ name: String) throws {
        let model = try Checkpoint.load(path: "\(folder)/\(name)")
        let arrays = try NumPyArchive(path: "\(folder)/\(name)/reference.npz").tensors()
        let inputs = arrays.filter { inputNames.contains($0.key) }
        let sequences = try GraphArrays.sequences(from: inputs, for: model.graph)
        let outputs = try PaddedOutputs(of: model, for: sequences, selecting: .all, resources: .init(threads: 2))
        let ours = Dictionary(uniqueKeysWithValues: outputs.arrays.map { ($0.name, $0.tensor) })
        let mask = inputs["attention_mask"]
        for (output, expected) in arrays where !inputNames.contains(output) {
            let given = try #require(ours[output], "\(name) lacks \(output)")
            #expect(given.shape == expected.shape, "\(output) of \(name)")
            // Rows that the mask hides mean nothing; outputs of a text or a choice have none.
            let isShown = shown(mask, in: expected.shape)
            let difference = zip(given.floats, expected.floats).enumerated().reduce(Float(0)) {
                isShown($1.offset) ? max($0, abs($1.element.0 - $1.element.1)) : $0
            }
            #expect(difference < 1e-4, "\(output) of \(name)")
        }
    }

    /// Whether an element's row is visible, of arrays `[…, batch, tokens, …]`.
    private func shown(_ mask: Tensor?, in shape: Shape) -> (Int) -> Bool {
        guard let mask, mask.shape.rank == 2 else { return { _ in true } }
        let extents = shape.extents
        let start = extents.count == 4 ? 1 : 0
        guard extents.count >= start + 2, Array(extents[start..<start + 2]) == mask.shape.extents else {
            return { _ in true }
        }
        let inner = extents.dropFirst(start + 2).reduce(1, *), numbers = mask.floats
        return { numbers[$0 / inner % numbers.count] != 0 }
    }

    @Test("a named head that is not stored is said; so are stored tensors that the class does not read")
    func notes() throws {
        #expect(try Checkpoint.load(path: "\(folder)/bert_headless").notes.contains { $0.contains("BertForMaskedLM") })
        #expect(try Checkpoint.load(path: "\(folder)/albert_tokens").notes.contains { $0.contains("pooler") })
    }

    @Test("a key that matters is refused by name and value, unless the user says that it does not")
    func refusals() throws {
        let scratch = Scratch()
        let path = scratch("model")
        try copy("llama_leftover_window", to: path) {
            $0.replacing("\"pretraining_tp\": 1", with: "\"alibi_slopes\": 3")
        }
        let error = #expect(throws: FileError.self) { try Checkpoint.load(path: path) }
        #expect(error?.kind == .unsupported)
        #expect(error?.problems.contains { $0.contains("\"alibi_slopes\" is 3") } == true)
        let model = try Checkpoint.load(path: path, options: LoadingOptions(ignoredSettings: ["alibi_slopes"]))
        #expect(model.provenance.ignoredSettings == ["alibi_slopes"])
    }

    private func copy(_ name: String, to path: String, changing change: (String) -> String) throws {
        let files = FileManager.default
        try files.createDirectory(atPath: path, withIntermediateDirectories: true)
        for file in ["config.json", "model.safetensors"] {
            try files.copyItem(atPath: "\(folder)/\(name)/\(file)", toPath: "\(path)/\(file)")
        }
        let config = try String(contentsOfFile: "\(path)/config.json", encoding: .utf8)
        try change(config).write(toFile: "\(path)/config.json", atomically: true, encoding: .utf8)
    }
}
