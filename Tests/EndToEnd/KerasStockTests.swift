import Checkpoints
import ModelGraph
import NumPy
import Platform
import TestSupport
import Tensors
import Testing

@Suite("Stock layers of Keras and KerasHub against what they compute")
struct KerasStockTests {
    private func folder(_ name: String) -> String { Repository.fixture("keras/\(name)") }

    private func reference(_ name: String) throws -> [String: Tensor] {
        try NumPyArchive(path: "\(folder(name))/reference.npz").tensors()
    }

    @Test(
        "a model of stock layers gives what its framework computes",
        arguments: [
            "keras3_fixed_batch", "keras3_hub_translation", "keras3_hub_backbone", "keras3_pictures", "keras3_numbers",
        ])
    func outputs(_ name: String) throws {
        let reference = try reference(name)
        let model = try Checkpoint.load(path: "\(folder(name))/model.keras")
        let results = try results(of: model, for: inputs(of: reference))
        let expected = try #require(reference["out"])
        #expect(results["output"]?.shape == expected.shape)
        #expect(difference(results["output"], expected) < 1e-4)
    }

    @Test("a model of a fixed batch refuses another number of sequences")
    func fixedBatch() throws {
        let reference = try reference("keras3_fixed_batch")
        let model = try Checkpoint.load(path: "\(folder("keras3_fixed_batch"))/model.keras")
        let all = try #require(reference["in.steps"])
        let two = Tensor(Array(all.floats.prefix(2 * 7 * 4)), shape: [2, 7, 4])
        #expect(throws: (any Error).self) { try results(of: model, for: ["steps": two]) }
    }
}
