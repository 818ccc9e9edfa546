import ArchitectureSpecs
import Checkpoints
import Foundation
import ModelGraph
import Platform
import Tensors
import TestSupport
import Testing
import WeightFiles

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
        let scratch = try ScratchFolder()
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
        let scratch = try ScratchFolder()
        let folder = try scratch.copy("bert")
        let config = scratch.path + "/elsewhere.json"
        try FileManager.default.moveItem(atPath: folder + "/config.json", toPath: config)
        #expect(throws: FileError.self) { try Checkpoint.load(path: folder) }
        let model = try Checkpoint.load(path: folder, options: .init(config: config))
        #expect(model.provenance.files.map(\.name) == ["tf_model.h5", "elsewhere.json"])
    }

    @Test("safetensors are known by their contents, and refused under the name of an HDF5 file")
    func mixedUp() throws {
        let scratch = try ScratchFolder()
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
    private func removing(_ names: Set<String>, _ scratch: ScratchFolder) throws -> String {
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
        let scratch = try ScratchFolder()
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
        let scratch = try ScratchFolder()
        let folder = try removing(["encoder.layer.1.intermediate.dense.weight", "pooler.dense.bias"], scratch)
        let error = #expect(throws: FileError.self) {
            try Checkpoint.load(path: folder, options: .init(allowsMissing: true))
        }
        #expect(error?.problems.count == 1)
        #expect(error?.problems.first?.contains("layer_1/up/weight") == true)
        #expect(error?.remedy == "nothing stands in for matrices and tables")
    }
}

@Suite("The safetensors format")
struct SafetensorsTests {
    private func write(_ header: String, data: Int, length: UInt64? = nil) throws -> (String, ScratchFolder) {
        let scratch = try ScratchFolder()
        let path = scratch.path + "/x.safetensors"
        let count = length ?? UInt64(header.utf8.count)
        try (withUnsafeBytes(of: count.littleEndian) { Data($0) } + Data(header.utf8) + Data(count: data)).write(
            to: URL(fileURLWithPath: path))
        return (path, scratch)
    }

    @Test("a sound file gives its tensors in the order of their bytes")
    func sound() throws {
        let header =
            #"{"b":{"dtype":"F16","shape":[2],"data_offsets":[8,12]},"__metadata__":{"x":"y"},"#
            + #""a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}"#
        let (path, scratch) = try write(header, data: 12)
        let file = try withExtendedLifetime(scratch) { try SafetensorsFile(path: path) }
        #expect(file.entries.map(\.name) == ["a", "b"])
        #expect(file.entries.map(\.shape) == [[1, 2], [2]])
        let tensor = try #require(file.tensor(file.entries[1]))
        #expect(tensor.dtype == .float16)
        #expect(tensor.floats == [0, 0])
    }

    @Test(
        "what contradicts itself is refused, naming it",
        arguments: [
            (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#, 12, "leaves a gap"),
            (
                #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
                    + #""b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
                8, "overlaps"
            ),
            (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 12, "the tensors end"),
            (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 4, "the tensors end"),
            (#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, 8, "F32 [3] takes 12"),
            (#"{"a":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}}"#, 8, "has the type \"F31\""),
            (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, 8, "no shape"),
            (#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}"#, 8, "no shape"),
            (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, 8, "no data_offsets"),
            (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775807]}}"#, 8, "no data_offsets"),
            (#"[]"#, 0, "is no JSON object"),
            (#"{"a":"#, 0, "is no JSON"),
        ])
    func refused(_ header: String, _ data: Int, _ message: String) throws {
        let (path, scratch) = try write(header, data: data)
        let error = #expect(throws: FileError.self) {
            try withExtendedLifetime(scratch) { try SafetensorsFile(path: path) }
        }
        #expect(error?.kind == .corrupt)
        #expect(error?.description.contains(message) == true, "\(String(describing: error))")
    }

    @Test("a header that is said to be longer than the file, or than any header, is not read")
    func lengths() throws {
        for length in [UInt64(3), 100_000_001, .max] {
            let (path, scratch) = try write("{}", data: 0, length: length)
            #expect(throws: FileError.self) {
                try withExtendedLifetime(scratch) { try SafetensorsFile(path: path) }
            }
        }
    }
}

@Suite("Orders of axes")
struct AxesTests {
    @Test("axes in another order move the elements, neighbours are taken together")
    func axes() throws {
        // [heads, in, size] → [in, heads · size], as Gemma's projections are stored.
        let stored = Tensor((0..<24).map(Float.init), shape: [2, 3, 4])
        let layout = TensorLayout(axes: [1, 0, 2])
        let parameter = try #require(layout.parameter(from: stored, shape: [3, 8]))
        #expect(
            parameter.floats == [0, 1, 2, 3, 12, 13, 14, 15, 4, 5, 6, 7, 16, 17, 18, 19, 8, 9, 10, 11, 20, 21, 22, 23])
        // [out, in, height, width] → [height · width · in, out], as PyTorch stores convolutions.
        let kernel = Tensor((0..<24).map(Float.init), shape: [2, 3, 2, 2])
        let patches = TensorLayout(axes: [2, 3, 1, 0])
        let matrix = try #require(patches.parameter(from: kernel, shape: [12, 2]))
        #expect(matrix.floats.prefix(6) == [0, 12, 4, 16, 8, 20])
        #expect(layout.parameter(from: stored, shape: [8, 3]) == nil)
        #expect(TensorLayout(axes: [0, 0, 1]).parameter(from: stored, shape: [3, 8]) == nil)
    }

    @Test("fused projections are cut where the heads say")
    func fused() throws {
        // [heads · 3 · size, in], a query, key and value of each head in turn, as BLOOM's are stored in PyTorch.
        let stored = Tensor((0..<24).map(Float.init), shape: [12, 2])
        let key = TensorLayout(view: [2, 3, 2, 2], part: .init(index: 1, of: 3, axis: 1), axes: [3, 0, 1, 2])
        #expect(key.parameter(from: stored, shape: [2, 4])?.floats == [4, 6, 16, 18, 5, 7, 17, 19])
        // Four heads of queries, one of keys, one of values, one below the other.
        let queries = TensorLayout(.transpose, part: .init(index: 0, of: 6, count: 4, axis: 0))
        #expect(queries.parameter(from: stored, shape: [2, 8])?.floats.prefix(8) == [0, 2, 4, 6, 8, 10, 12, 14])
        #expect(queries.storedShape(of: [2, 8]) == [12, 2])
        let values = TensorLayout(.transpose, part: .init(index: 5, of: 6, axis: 0))
        #expect(values.parameter(from: stored, shape: [2, 2])?.floats == [20, 22, 21, 23])
        #expect(TensorLayout(view: [5, 5]).parameter(from: stored, shape: [5, 5]) == nil)
        let beyond = TensorLayout(part: .init(index: 3, of: 6, count: 4, axis: 0))
        #expect(beyond.parameter(from: stored, shape: [8, 2]) == nil)
    }

    @Test("taking axes together never turns a matrix around")
    func merging() {
        let stored = Tensor((0..<24).map(Float.init), shape: [4, 6])
        let layout = TensorLayout(.reshape)
        #expect(layout.parameter(from: stored, shape: [6, 4]) == nil)
        #expect(layout.parameter(from: stored, shape: [4, 6]) != nil)
        #expect(layout.parameter(from: Tensor((0..<24).map(Float.init), shape: [4, 2, 3]), shape: [4, 6]) != nil)
        #expect(layout.parameter(from: Tensor([0, 1, 2], shape: [1, 3]), shape: [3]) != nil)
    }
}
