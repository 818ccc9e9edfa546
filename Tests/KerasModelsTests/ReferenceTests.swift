import Checkpoints
import Inputs
import ModelGraph
import NumPy
import Platform
import Tensors
import Testing

/// Models written by Keras give what Keras computes.
@Suite struct ReferenceTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let path: String
        var config: String?
        var dialect: String
        /// Which result is compared closely.
        var result = "out"

        var testDescription: String { path }
    }

    static let cases = [
        Case(path: "keras2_text_classifier/model.h5", dialect: "keras2"),
        Case(path: "keras2_nested/model.h5", dialect: "keras2"),
        Case(path: "keras2_nested/weights_only.h5", config: "keras2_nested/model.h5", dialect: "keras2"),
        Case(path: "keras3_keras_example/model.keras", dialect: "keras3"),
        Case(path: "keras3_gqa/model.keras", dialect: "keras3"),
        Case(path: "keras3_int8_tied_bf16/model.keras", dialect: "keras3", result: "out_f32"),
        Case(path: "keras3_int4_tied/model.keras", dialect: "keras3"),
        Case(path: "keras3_sharded", dialect: "keras3"),
    ]

    @Test(arguments: cases) func resultsAreThoseOfKeras(_ example: Case) throws {
        let folder = String(example.path.split(separator: "/")[0])
        let reference = try NumPyArchive(path: "\(fixtures)/\(folder)/reference.npz").tensors()
        let model = try Checkpoint.load(
            path: "\(fixtures)/\(example.path)",
            options: .init(config: example.config.map { "\(fixtures)/\($0)" }))
        #expect(model.provenance.dialect == example.dialect)

        var inputs: [String: Tensor] = [:]
        for (name, tensor) in reference where name.hasPrefix("in.") { inputs[String(name.dropFirst(3))] = tensor }
        let results = try run(model, inputs)
        #expect(difference(results["output"], try #require(reference[example.result])) < 1e-4)
    }

    /// Reading a description must not read a tensor, and tell the same graph.
    @Test(arguments: cases) func descriptionsHaveNoProblems(_ example: Case) throws {
        let summary = try Checkpoint.describe(
            path: "\(fixtures)/\(example.path)",
            options: .init(config: example.config.map { "\(fixtures)/\($0)" }))
        #expect(summary.problems == [])
        #expect(summary.architecture == "keras-functional")
        #expect(summary.graph?.attentionNodes.isEmpty == false)
    }

    @Test func attentionMapsAreThoseOfKeras() throws {
        let reference = try NumPyArchive(path: "\(fixtures)/keras2_text_classifier/reference.npz").tensors()
        let model = try Checkpoint.load(path: "\(fixtures)/keras2_text_classifier/model.h5")
        let results = try run(
            model,
            [
                "token_ids": try #require(reference["in.token_ids"]),
                "positions": try #require(reference["in.positions"]),
            ])
        for layer in 0..<3 {
            let expected = try #require(reference["attn.enc\(layer)_mha"])
            #expect(difference(results["attentions_\(layer)"], expected) < 1e-5)
        }
    }

    @Test func weightsWithoutAConfigurationAskForOne() throws {
        let error = try #require(throws: FileError.self) {
            try Checkpoint.load(path: "\(fixtures)/keras2_nested/weights_only.h5")
        }
        #expect(error.kind == .unsupported)
        #expect(error.remedy.contains("--config"))
    }
}
