import Checkpoints
import Foundation
import ModelGraph
import Platform
import TestSupport
import Testing

@Suite("KerasHub presets and safetensors folders")
struct DialectTests {
    private static let names = [
        "bert_kerashub", "bert_kerashub_task", "bert_safetensors", "bert_safetensors_sharded",
    ]

    @Test("every layout gives every tensor bit for bit in our orientation", arguments: names)
    func load(_ name: String) throws {
        let expected = try #require(try Expected.all()[name])
        let model = try Checkpoint.load(path: "\(fixtures)/\(name)")
        #expect(model.provenance.dialect == expected.dialect)
        #expect(model.provenance.architecture == expected.architecture)
        #expect(model.graph.outputs.map(\.name) == expected.outputs)
        #expect(model.graph.use == expected.use)
        #expect(model.traits.maximumTokens == expected.maximumTokens)
        #expect(model.digests == expected.tensors)
        #expect(model.tensors.values.allSatisfy { $0.dtype == expected.dtype })
    }

    @Test("a dialect is told with its reasons, and why the others are not meant", arguments: names)
    func reasons(_ name: String) throws {
        let summary = try Checkpoint.describe(path: "\(fixtures)/\(name)")
        let expected = try #require(try Expected.all()[name])
        #expect(summary.problems == [])
        #expect(summary.dialect == expected.dialect)
        #expect(!summary.dialectReasons.isEmpty)
        #expect(summary.dialects.first?.dialect == expected.dialect)
        #expect(summary.dialects.dropFirst().allSatisfy { $0.score < 50 })
    }

    @Test("an optimizer's state and buffers are left out with the reason")
    func ignored() throws {
        func reason(_ fixture: String, _ tensor: String) throws -> String? {
            let summary = try Checkpoint.describe(path: "\(fixtures)/\(fixture)")
            guard case .ignored(let reason)? = summary.tensors.first(where: { $0.name == tensor })?.role else {
                return nil
            }
            return reason
        }
        #expect(try reason("bert_kerashub_task", "/optimizer/vars/0") == "the optimizer's state")
        #expect(
            try reason("bert_safetensors", "embeddings.position_ids")
                == "position numbers, which the framework makes itself")
    }

    @Test("a preset's tokenizer and head come with it; its weights file alone is the backbone")
    func preset() throws {
        let folder = "\(fixtures)/bert_kerashub_task"
        let whole = try Checkpoint.load(path: folder)
        #expect(whole.assets.keys.sorted() == ["config.json", "task.json", "vocabulary.txt"])
        #expect(
            whole.provenance.files.map(\.name) == ["model.weights.h5", "config.json", "task.json", "task.weights.h5"])
        let backbone = try Checkpoint.load(path: folder + "/model.weights.h5")
        #expect(backbone.graph.use == .encoder)
    }

    @Test(
        "names of KerasHub's variables count list members from 0 and lose their underscores",
        arguments: [
            ("/layers/dense/vars/0", "dense.0/0"),
            (
                "/layers/transformer_encoder_12/_self_attention_layer/query_dense/vars/1",
                "transformer_encoder.12/self_attention_layer/query_dense/1"
            ),
            (
                "/layers/vi_t_encoder/encoder_layers/vi_t_encoder_block_1/mlp/dense_2/vars/0",
                "vi_t_encoder.0/encoder_layers/vi_t_encoder_block.1/mlp/dense_2/0"
            ),
            ("/optimizer/vars/3", "optimizer/3"),
        ])
    func commonNames(_ path: String, _ name: String) {
        #expect(KerasHub.commonName(path) == name)
    }

    @Test("a family without attention is recognised and refused")
    func noAttention() throws {
        let scratch = Scratch()
        let folder = try scratch.copy("bert_kerashub_task")
        try FileManager.default.removeItem(atPath: folder + "/task.json")
        try editConfig(folder, ["class_name": "FNetBackbone", "registered_name": "keras_hub>FNetBackbone"])
        let error = #expect(throws: FileError.self) { try Checkpoint.load(path: folder) }
        #expect(error?.kind == .unsupported)
        #expect(error?.problems.first?.contains("without attention maps") == true)
        #expect(try Checkpoint.describe(path: folder).architecture == "fnet")
    }

    @Test("a configuration elsewhere is named by the caller")
    func config() throws {
        let scratch = Scratch()
        let folder = try scratch.copy("bert")
        let config = scratch.path + "/elsewhere.json"
        try FileManager.default.moveItem(atPath: folder + "/config.json", toPath: config)
        #expect(throws: FileError.self) { try Checkpoint.load(path: folder) }
        let model = try Checkpoint.load(path: folder, options: .init(config: config))
        #expect(model.provenance.files.map(\.name) == ["tf_model.h5", "elsewhere.json"])
    }

    @Test("safetensors are known by their contents, and refused under the name of an HDF5 file")
    func mixedUp() throws {
        let scratch = Scratch()
        let folder = try scratch.copy("bert_safetensors")
        for name in ["weights", "weights.h5"] {
            try FileManager.default.copyItem(
                atPath: folder + "/model.safetensors", toPath: "\(folder)/\(name)")
        }
        #expect(try Checkpoint.load(path: folder + "/weights").provenance.dialect == "safetensors")
        let error = #expect(throws: FileError.self) { try Checkpoint.load(path: folder + "/weights.h5") }
        #expect(error?.kind == .corrupt)
        #expect(error?.problems.first?.contains("safetensors") == true)
    }
}

@Suite("Missing tensors")
struct MissingTensorTests {
    /// The fixture's weights without one tensor: the header names it no longer, its bytes are cut out.
    private func removing(_ names: Set<String>, _ scratch: Scratch) throws -> String {
        let folder = try scratch.copy("bert_safetensors")
        let url = URL(fileURLWithPath: folder + "/model.safetensors")
        let file = try Data(contentsOf: url)
        let length = Int(file.prefix(8).withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) })
        let parsed = try JSONSerialization.jsonObject(with: file[8..<8 + length])
        var header = try #require(parsed as? [String: Any])
        var data = Data()
        let entries = header.compactMap { key, value in
            ((value as? [String: Any])?["data_offsets"] as? [Int]).map { (name: key, offsets: $0) }
        }
        for entry in entries.sorted(by: { $0.offsets[0] < $1.offsets[0] }) {
            if names.contains(entry.name) {
                header[entry.name] = nil
                continue
            }
            var value = try #require(header[entry.name] as? [String: Any])
            let start = data.count
            data += file[8 + length + entry.offsets[0]..<8 + length + entry.offsets[1]]
            value["data_offsets"] = [start, data.count]
            header[entry.name] = value
        }
        let text = try JSONSerialization.data(withJSONObject: header)
        try (withUnsafeBytes(of: UInt64(text.count).littleEndian) { Data($0) } + text + data).write(to: url)
        return folder
    }

    @Test("biases and norms that are missing get their neutral element on request, and are named")
    func neutral() throws {
        let scratch = Scratch()
        let folder = try removing(
            ["encoder.layer.0.output.dense.bias", "embeddings.LayerNorm.weight", "pooler.dense.bias"], scratch)
        let error = #expect(throws: FileError.self) { try Checkpoint.load(path: folder) }
        #expect(error?.kind == .corrupt)
        #expect(error?.problems.count == 3)
        #expect(error?.remedy.contains("--allow-missing") == true)
        let model = try Checkpoint.load(path: folder, options: .init(allowsMissing: true))
        #expect(model.provenance.assumed?.sorted() == ["embeddings_norm/scale", "layer_0/down/bias", "pooler/bias"])
        #expect(model.tensors["layer_0/down/bias"]?.floats == [Float](repeating: 0, count: 16))
        #expect(model.tensors["embeddings_norm/scale"]?.floats == [Float](repeating: 1, count: 16))
    }

    @Test("matrices that are missing are never made up")
    func matrices() throws {
        let scratch = Scratch()
        let folder = try removing(["encoder.layer.1.intermediate.dense.weight", "pooler.dense.bias"], scratch)
        let error = #expect(throws: FileError.self) {
            try Checkpoint.load(path: folder, options: .init(allowsMissing: true))
        }
        #expect(error?.problems.count == 1)
        #expect(error?.problems.first?.contains("layer_1/up/weight") == true)
        #expect(error?.remedy == "nothing stands in for matrices and tables")
    }
}
