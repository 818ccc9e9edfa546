import Foundation
import NumPy
import Tensors
import TestSupport
import Testing

@Suite("Keras models on the command line")
struct KerasCommandTests {
    private static let garden = Command.root.appending(path: "fixtures/keras").path
    private let scratch = Scratch()

    private func json(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test("a Keras model that was trained with reuse shows its plan, and becomes a file along it to the bit")
    func trainedReuse() throws {
        let model = Self.garden + "/garden_reuse_partial/model.h5"
        let data = Self.garden + "/garden_reuse_partial/calibration.npz"
        let inspected = try Command.run("inspect", model)
        #expect(inspected.output.contains("Plan that the model was trained with: 10 of 16 maps computed"))
        #expect(inspected.output.contains("10 of 16 heads compute a map"))
        #expect(inspected.output.contains("multiply-adds for one input"), "all inputs have a shape of their own")
        #expect(inspected.output.contains("4 × layer_*/intermediate"))

        let plan = try #require(try json(Command.run("inspect", model, "--json").output)["plan"])
        try scratch.file(
            "plan.json", contents: String(decoding: JSONSerialization.data(withJSONObject: plan), as: UTF8.self))
        let converted = try Command.run(
            "convert", model, "--plan", scratch("plan.json"), "--heal", "none", "-o", scratch("same.reuse.h5"))
        #expect(converted.status == 0, "\(converted.errors)")
        let verdict = try Command.run("verify", model, scratch("same.reuse.h5"), "--data", data, "--json")
        #expect(verdict.status == 0, "\(verdict.errors)")
        #expect((try json(verdict.output)["exactness"] as? [String: Any])?["isBitwise"] as? Bool == true)
        let again = try Command.run("inspect", scratch("same.reuse.h5"))
        #expect(again.output.contains("10 of 16 maps computed"))
    }

    @Test("a Keras model with a custom layer is inspected, converted and run once a JSON document describes the layer")
    func ownLayer() throws {
        let folder = Self.garden + "/keras2_custom_layer", model = folder + "/model.h5"
        let data = folder + "/calibration.npz"
        let refused = try Command.run("run", model, "--inputs", data, "--dump", "pooled", "-o", scratch("out.npz"))
        #expect(refused.status == 4 && refused.errors.contains("Example>ParallelBlock"))
        let document = Command.root.appending(path: "Examples/keras-layer/parallel_block.json").path
        let inspected = try Command.run("inspect", model, "--architecture", document)
        #expect(inspected.output.contains("12 of 12 heads compute a map"))
        #expect(inspected.output.contains("3 × block_*/attend"))
        let converted = try Command.run(
            "convert", model, "--architecture", document, "--calibration", data, "--budget", "1/4", "-o",
            scratch("small.reuse.h5"))
        #expect(converted.status == 0, "\(converted.errors)")
        // The written file needs no document any more.
        let run = try Command.run(
            "run", scratch("small.reuse.h5"), "--inputs", data, "--dump", "pooled", "-o", scratch("out.npz"))
        #expect(run.status == 0, "\(run.errors)")
    }

    @Test("a Keras model with a mask among its inputs is analysed and converted on arrays", arguments: [true, false])
    func arrays(_ isReuse: Bool) throws {
        let folder = Self.garden + (isReuse ? "/garden_reuse_partial" : "/garden_encoder_block_prenorm")
        let model = folder + "/model.h5", data = folder + "/calibration.npz"
        let analyzed = try Command.run(
            "analyze", model, "--calibration", data, "-o", scratch("analysis.json"))
        #expect(analyzed.status == 0, "\(analyzed.errors)")
        let converted = try Command.run(
            "convert", model, "--calibration", data, "--analysis", scratch("analysis.json"), "--budget", "1/5", "-o",
            scratch("small.reuse.h5"), "--report", scratch("report.html"))
        #expect(converted.status == 0, "\(converted.errors)")
        let verdict = try Command.run(
            "verify", model, scratch("small.reuse.h5"), "--data", data, "--json", "--fail-on", "maps.tv.mean<=0")
        #expect(verdict.status == 0, "\(verdict.errors)")
        let savings = try #require(try json(verdict.output)["savings"] as? [String: Any])
        let maps = try #require(savings["maps"] as? [String: Any])
        #expect((maps["converted"] as? Int ?? .max) * 5 <= (maps["source"] as? Int ?? 0) * 4)
        let run = try Command.run(
            "run", scratch("small.reuse.h5"), "--inputs", data, "--dump", "hidden,attentions", "-o", scratch("out.npz"))
        #expect(run.status == 0, "\(run.errors)")
    }

    @Test("a model of batches of three says so when it is given more to be judged on, and leaves no file")
    func fixedBatch() throws {
        let folder = Self.garden + "/keras3_fixed_batch", data = try repeatedInputs(of: folder)
        let converted = try Command.run(
            "convert", folder + "/model.keras", "--precision", "int8", "--calibration", data, "-o",
            scratch("small.reuse.h5"))
        #expect(converted.status == 2 && converted.errors.contains("the model takes batches of 3 sequences"))
        #expect(scratch.names == ["many.npz"])
    }

    @Test("a model whose table of positions is short is timed and counted at as many tokens as it takes")
    func shortTable() throws {
        let folder = Self.garden + "/keras3_gqa"
        let converted = try Command.run(
            "convert", folder + "/model.keras", "--precision", "int8", "--calibration", repeatedInputs(of: folder),
            "-o",
            scratch("small.reuse.h5"))
        #expect(converted.status == 0, "\(converted.errors)")
        #expect(converted.message.contains("multiply-adds at 24 tokens") && converted.message.contains("at 32×24"))
    }

    /// The inputs of a fixture's reference, 24 times over.
    private func repeatedInputs(of folder: String) throws -> String {
        let reference = try NumPyArchive(path: folder + "/reference.npz").tensors()
        var archive = try NumPyArchiveWriter(path: scratch("many.npz"))
        for (name, one) in reference.sorted(by: { $0.key < $1.key }) where name.hasPrefix("in.") {
            let extents = one.shape.extents
            let many = Tensor(
                (0..<24).flatMap { _ in one.floats }, shape: Shape([24 * extents[0]] + extents.dropFirst()))
            try archive.append(many, named: String(name.dropFirst(3)))
        }
        try archive.close()
        return scratch("many.npz")
    }
}
