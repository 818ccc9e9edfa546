import Foundation
import NumPy
import ReferenceProofs
import ReuseTransformers
import Tensors
import TestSupport
import Testing

@Suite("Proof by outputs of a model's own framework")
struct ReferenceProofTests {
    private static let owners = Fixtures.root.appending(path: "owners")

    private func folder(_ name: String) -> URL { Self.owners.appending(path: name) }

    private func proven(_ name: String) async throws -> TransformerModel {
        var options = TransformerModel.Options()
        options.reference = folder(name).appending(path: "pair.npz")
        return try await TransformerModel(at: folder(name).appending(path: "model.keras"), options: options)
    }

    @Test(
        "classes of somebody's own are refused by name until a reference proves what they are",
        arguments: [
            ("translation", ["PositionalEmbedding", "TransformerEncoder", "TransformerDecoder"]),
            ("layer_scale", ["LayerScale", "StochasticDepth"]),
        ])
    func refusal(_ name: String, _ classes: [String]) async throws {
        let error = try await #require(throws: TransformerError.self) {
            try await TransformerModel(at: folder(name).appending(path: "model.keras"))
        }
        #expect(error.kind == .unsupported)
        for word in classes + ["`TransformerModel.Options.reference`"] {
            #expect(error.description.contains(word), "\(word)")
        }
    }

    @Test(
        "the reading that agrees with a reference computes what Keras computes for other inputs, too",
        arguments: ["translation", "layer_scale"])
    func proof(_ name: String) async throws {
        let model = try await proven(name)
        // Not the file that the reading was chosen by.
        var options = TransformerModel.Options()
        options.reference = folder(name).appending(path: "reference.npz")
        for assumption in model.readings { options.assumptions[assumption.key] = assumption.value }
        let judged = try await TransformerModel(
            at: folder(name).appending(path: "model.keras"), options: options)
        #expect(judged.readings == model.readings)
        #expect(try #require(judged.agreement).difference < 1e-5)
        #expect(model.assumptions.contains { $0.contains("agrees") })
    }

    @Test("a file that was made of a proven model needs no help, and says what was assumed")
    func written() async throws {
        let scratch = Scratch()
        let model = try await proven("layer_scale")
        try await model.write(to: scratch.url("model.reuse.h5"))
        let read = try await TransformerModel(at: scratch.url("model.reuse.h5"))
        #expect(read.readings == model.readings)
        #expect(read.readings.contains { $0.key == "LayerScale.use" && $0.value == "factors" })
        #expect(read.agreement == model.agreement)
        let inspection = try await ModelInspection(of: scratch.url("model.reuse.h5"))
        #expect(inspection.agreement?.inputs == 3)
        #expect(!inspection.assumptions.isEmpty)
    }

    @Test("outputs that no reading gives are refused with the nearest reading and its error")
    func disagreement() async throws {
        let scratch = Scratch()
        var arrays = try NumPyArchive(path: folder("layer_scale").appending(path: "pair.npz").path).tensors()
        let out = try #require(arrays["out"])
        arrays["out"] = Tensor(out.floats.map { $0 + 1 }, shape: out.shape)
        var archive = try NumPyArchiveWriter(path: scratch("wrong.npz"))
        for (name, tensor) in arrays.sorted(by: { $0.key < $1.key }) { try archive.append(tensor, named: name) }
        try archive.close()
        var options = TransformerModel.Options()
        options.reference = scratch.url("wrong.npz")
        let error = try await #require(throws: TransformerError.self) {
            try await TransformerModel(at: folder("layer_scale").appending(path: "model.keras"), options: options)
        }
        #expect(error.kind == .unsupported)
        #expect(error.description.contains("the nearest differs by"))
    }

    @Test("a model about which nothing is open is compared, too")
    func plain() async throws {
        let scratch = Scratch(), folder = Fixtures.root.appending(path: "keras/keras2_text_classifier")
        let reference = try Fixtures.reference(folder)
        func write(_ shift: Float) throws -> URL {
            var archive = try NumPyArchiveWriter(path: scratch("\(shift).npz"))
            for (name, tensor) in reference.sorted(by: { $0.key < $1.key }) where name.hasPrefix("in.") {
                try archive.append(tensor, named: name)
            }
            let out = try #require(reference["out"])
            try archive.append(Tensor(out.floats.map { $0 + shift }, shape: out.shape), named: "out")
            try archive.close()
            return scratch.url("\(shift).npz")
        }
        var options = TransformerModel.Options()
        options.reference = try write(0)
        let model = try await TransformerModel(at: folder.appending(path: "model.h5"), options: options)
        #expect(model.readings.isEmpty)
        #expect(try #require(model.agreement).difference < 1e-5)
        options.reference = try write(0.5)
        let error = try await #require(throws: TransformerError.self) {
            try await TransformerModel(at: folder.appending(path: "model.h5"), options: options)
        }
        #expect(error.kind == .unsupported && error.description.contains("output differs by"))
    }

    @Test("the script for a reference names the inputs of the model")
    func script() throws {
        let text = try ReferenceScript(
            path: folder("translation").appending(path: "model.keras").path, options: .init()
        ).text
        for word in ["encoder_inputs", "decoder_inputs", "np.savez", "TransformerDecoder", "(4, 7)", "(4, 6)"] {
            #expect(text.contains(word), "\(word)")
        }
    }
}
