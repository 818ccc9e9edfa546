import Checkpoints
import ModelGraph
import NumPy
import Platform
import TestSupport
import Tensors
import Testing

@Suite("Keras models around a whole model of Hugging Face's")
struct FunctionalFamilyTests {
    private static let folder = Repository.fixture("keras/keras2_tf_distilbert")

    @Test("a functional model around TFDistilBertModel gives what TensorFlow computes, padding included")
    func outputs() throws {
        let reference = try NumPyArchive(path: Self.folder + "/reference.npz").tensors()
        let model = try Checkpoint.load(path: Self.folder)
        #expect(model.provenance.dialect == "keras2")
        #expect(model.graph.attentionNodes.map(\.name) == ["tf_distil_bert_model/layer_0/attention"])
        let results = try results(of: model, for: inputs(of: reference))
        #expect(difference(results["output"], try #require(reference["out"])) < 1e-5)
        let map = try #require(reference.first { $0.key.hasPrefix("attn.") }?.value)
        #expect(difference(results["attentions_0"], map) < 1e-5)
    }

    @Test("every variable of the model inside has its place")
    func roles() throws {
        let summary = try Checkpoint.describe(path: Self.folder)
        #expect(summary.problems == [])
        #expect(summary.tensors.allSatisfy { $0.role != .unknown })
    }
}
