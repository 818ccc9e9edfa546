import Checkpoints
import ModelGraph
import NumPy
import Platform
import TestSupport
import Tensors
import Testing

@Suite("Layers beside attention against what Keras computes")
struct KerasLayerReferenceTests {
    static let names = [
        "keras3_bidirectional/model.keras", "keras2_masked_recurrent/model.h5", "keras2_states/model.keras",
        "keras2_additive_attention/model.h5", "keras2_dot_layers/model.h5", "keras3_local_pooling/model.keras",
        "keras3_norms/model.keras", "keras3_merges/model.keras", "keras3_activation_layers/model.keras",
    ]

    @Test("a model with such layers gives what Keras computes, and the maps that it gives", arguments: names)
    func outputs(_ name: String) throws {
        let folder = name.prefix { $0 != "/" }
        let reference = try NumPyArchive(path: Repository.fixture("keras/\(folder)/reference.npz")).tensors()
        let model = try Checkpoint.load(path: Repository.fixture("keras/\(name)"))
        let results = try results(of: model, for: inputs(of: reference))
        #expect(difference(results["output"], try #require(reference["out"])) < 1e-4)
        // One layer with maps each, but two where both kinds of attention meet.
        let maps = reference.keys.filter { $0.hasPrefix("attn.") || $0.hasPrefix("map.") }
        if maps.count == 1 {
            let expected = try #require(reference[maps[0]])
            #expect(results["attentions_0"]?.shape == expected.shape)
            #expect(difference(results["attentions_0"], expected) < 1e-5)
        }
    }
}
