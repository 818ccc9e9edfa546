import Checkpoints
import ModelGraph
import NumPy
import Platform
import TestSupport
import Tensors
import Testing

@Suite("Models written by Keras against what Keras computes")
struct KerasReferenceTests {
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

    private func path(_ name: String) -> String { Repository.fixture("keras/\(name)") }

    private func reference(_ folder: some StringProtocol) throws -> [String: Tensor] {
        try NumPyArchive(path: path("\(folder)/reference.npz")).tensors()
    }

    @Test("a model written by Keras gives what Keras computes", arguments: cases)
    func outputs(_ example: Case) throws {
        let reference = try reference(example.path.prefix { $0 != "/" })
        let model = try Checkpoint.load(path: path(example.path), options: .init(config: example.config.map(path)))
        #expect(model.provenance.dialect == example.dialect)
        let results = try results(of: model, for: inputs(of: reference))
        #expect(difference(results["output"], try #require(reference[example.result])) < 1e-4)
    }

    /// Describing reads no tensor.
    @Test("describing a model written by Keras finds no problem, and its graph", arguments: cases)
    func description(_ example: Case) throws {
        let summary = try Checkpoint.describe(
            path: path(example.path), options: .init(config: example.config.map(path)))
        #expect(summary.problems == [])
        #expect(summary.architecture == "keras-functional")
        #expect(summary.graph?.attentionNodes.isEmpty == false)
    }

    @Test("attention maps of a Keras model are those that Keras gives")
    func attentionMaps() throws {
        let reference = try reference("keras2_text_classifier")
        let model = try Checkpoint.load(path: path("keras2_text_classifier/model.h5"))
        let results = try results(
            of: model,
            for: [
                "token_ids": try #require(reference["in.token_ids"]),
                "positions": try #require(reference["in.positions"]),
            ])
        for layer in 0..<3 {
            let expected = try #require(reference["attn.enc\(layer)_mha"])
            #expect(difference(results["attentions_\(layer)"], expected) < 1e-5)
        }
    }

    @Test("weights of a Keras model without a configuration are refused with the option that names one")
    func missingConfiguration() throws {
        let error = try #require(throws: FileError.self) {
            try Checkpoint.load(path: path("keras2_nested/weights_only.h5"))
        }
        #expect(error.kind == .unsupported)
        #expect(error.remedy.contains("--config"))
    }

    @Test("the example document of a custom layer reads a Keras file whose layers nothing built in knows")
    func customLayer() throws {
        let model = path("keras2_custom_layer/model.h5")
        let error = try #require(throws: FileError.self) { try Checkpoint.load(path: model) }
        #expect(error.kind == .unsupported)
        #expect(error.problems[0].contains("Example>ParallelBlock"))
        let document = Repository.root.appending(path: "Examples/keras-layer/parallel_block.json").path
        let read = try Checkpoint.load(path: model, options: .init(architecture: document))
        let reference = try reference("keras2_custom_layer")
        let results = try results(
            of: read,
            for: ["ids": try #require(reference["in.ids"]), "padding": try #require(reference["in.padding"])])
        #expect(difference(results["output"], try #require(reference["out"])) < 1e-4)
        #expect(read.graph.attentionNodes.map(\.name) == (0..<3).map { "block_\($0)/attend" })
    }
}
