import Foundation
import TestSupport
import Testing

@Suite("Layers as people count them")
struct LayerCountTests {
    /// A fixture, and the numbers of layers that its own configuration gives, encoder first.
    private static let models: [(name: String, keys: [String])] = [
        ("t5", ["num_layers", "num_decoder_layers"]),
        ("families/t5_safetensors", ["num_layers", "num_decoder_layers"]),
        ("families/t5_v1_1", ["num_layers", "num_decoder_layers"]),
        ("families/t5_kerashub", ["num_layers", "num_layers"]),
        ("families/bart", ["encoder_layers", "decoder_layers"]),
        ("families/bart_safetensors", ["encoder_layers", "decoder_layers"]),
        ("families/bart_kerashub", ["num_layers", "num_layers"]),
        ("families/whisper", ["encoder_layers", "decoder_layers"]),
        ("families/whisper_safetensors", ["encoder_layers", "decoder_layers"]),
        ("families/whisper_kerashub", ["num_layers", "num_layers"]),
        ("encoder", ["num_hidden_layers"]), ("gpt", ["n_layer"]), ("families/t5_encoder", ["num_layers"]),
        ("families/albert_groups", ["num_hidden_layers"]), ("families/bert_decoder", ["num_hidden_layers"]),
    ]

    @Test("the stacks of an encoder–decoder are told apart, other models have one", arguments: models.map(\.name))
    func stacks(name: String) throws {
        let keys = try #require(Self.models.first { $0.name == name }).keys
        let folder = Repository.fixture(name)
        let text = try Data(contentsOf: URL(fileURLWithPath: folder).appending(path: "config.json"))
        var configuration = try #require(try JSONSerialization.jsonObject(with: text) as? [String: Any])
        if let inner = configuration["config"] as? [String: Any] { configuration = inner }
        let counts = try keys.map { try #require(configuration[$0] as? Int, "\($0)") }
        let names = counts.count == 2 ? ["encoder ", "decoder "] : [""]
        let words = zip(names, counts).map { "\($1) \($0)\($1 == 1 ? "layer" : "layers")" }.joined(separator: ", ")
        let outcome = try Command.run("inspect", folder)
        let headline = outcome.output.split(separator: "\n").dropFirst().first ?? ""
        #expect(headline.split(separator: "·").dropFirst().first?.trimmingCharacters(in: .whitespaces) == words)
        let json = try JSONSerialization.jsonObject(
            with: Data(try Command.run("inspect", folder, "--json").output.utf8))
        let totals = try #require((json as? [String: Any])?["totals"] as? [String: Any])
        #expect(totals["layers"] as? Int == counts.reduce(0, +))
        // Each layer of a decoder looks at itself and at the encoder.
        #expect(totals["attentionLayers"] as? Int == counts[0] + (counts.count == 2 ? 2 * counts[1] : 0))
    }

    @Test("a layer whose attention a matrix stands in for is a layer all the same")
    func linear() throws {
        let scratch = Scratch()
        let converted = try Converted.shared.get()
        let plan = scratch("plan.json"), path = scratch("linear.reuse.h5")
        #expect(try Command.run("plan", converted.analysis, "--budget", "maps:0", "-o", plan).status == 0)
        let text = try Data(contentsOf: scratch.url("plan.json"))
        var document = try #require(try JSONSerialization.jsonObject(with: text) as? [String: Any])
        document["linear"] = [["node": "layer_2/attention"]]
        try JSONSerialization.data(withJSONObject: document).write(to: scratch.url("plan.json"))
        let outcome = try Command.Running(
            ["convert", Command.fixture, "--plan", plan, "-o", path] + converted.calibration
        ).wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try Command.run("inspect", path).output.contains(" 6 layers · 30 of 30 heads compute a map "))
    }

    @Test("a Keras model of an encoder and a decoder is counted alike, by what looks at what")
    func keras() throws {
        let folder = Repository.fixture("keras/keras3_hub_translation")
        #expect(try Command.run("inspect", folder).output.contains(" 1 encoder layer, 1 decoder layer "))
        // Attention to rows that no attention made has no encoder.
        let cross = Repository.fixture("keras/garden_cross_layer")
        #expect(try Command.run("inspect", cross).output.contains(" 2 layers "))
    }
}
