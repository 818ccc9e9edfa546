import Checkpoints
import Files
import Foundation
import HDF5
import ModelGraph
import Platform
import Tensors
import TestSupport
import Testing

@Suite("Hugging Face TensorFlow checkpoints")
struct HuggingFaceTFTests {
    private static let names = [
        "bert", "bert_f16", "bert_mlm_old", "bert_sharded", "distilbert_split", "electra", "roberta",
    ]

    @Test("every layout and naming generation gives every tensor bit for bit", arguments: names)
    func load(_ name: String) throws {
        let expected = try #require(try Expected.all()[name])
        let model = try Checkpoint.load(path: "\(fixtures)/\(name)")
        #expect(model.provenance.dialect == "hf-tf")
        #expect(model.provenance.architecture == expected.architecture)
        #expect(model.graph.outputs.map(\.name) == expected.outputs)
        #expect(model.graph.use == expected.use)
        #expect(model.traits.maximumTokens == expected.maximumTokens)
        #expect(model.traits.labels == expected.labels)
        #expect(model.graph.hiddenStates.count == 3)
        #expect(model.digests == expected.tensors)
        #expect(model.tensors.values.allSatisfy { $0.dtype == expected.dtype })
        #expect(model.assets["config.json"] != nil)
    }

    @Test("a weights file finds configuration and tokenizer beside it")
    func file() throws {
        let model = try Checkpoint.load(path: "\(fixtures)/bert/tf_model.h5")
        #expect(model.assets.keys.sorted() == ["config.json", "vocab.txt"])
        #expect(model.provenance.files.map(\.name) == ["tf_model.h5", "config.json"])
        let contents = try model.provenance.files.map { file in
            try Digest(of: Array(Data(contentsOf: URL(fileURLWithPath: "\(fixtures)/bert/\(file.name)")))).hex
        }
        #expect(model.provenance.files.map(\.sha256) == contents)
    }

    @Test("plain weights stay views of the mapped file")
    func zeroCopy() throws {
        let model = try Checkpoint.load(path: "\(fixtures)/bert")
        let storages = Set(model.tensors.values.map { ObjectIdentifier($0.storage) })
        #expect(storages.count == 1)
    }

    @Test("each tensor has a role: parameter, copy, or left out with a reason")
    func roles() throws {
        let summary = try Checkpoint.describe(path: "\(fixtures)/bert_mlm_old")
        #expect(summary.problems == [])
        let roles = Dictionary(summary.tensors.map { ($0.name, $0.role) }, uniquingKeysWith: { first, _ in first })
        let scope = "tf_bert_for_masked_lm"
        #expect(
            roles["/bert/\(scope)/bert/embeddings/word_embeddings/weight:0"] == .parameter(["embeddings/tokens"]))
        #expect(roles["/mlm___cls/\(scope)/bert/embeddings/word_embeddings/weight:0"] == .copy("embeddings/tokens"))
        guard case .ignored(let reason)? = roles["/bert/\(scope)/bert/pooler/dense/kernel:0"] else {
            Issue.record("the pooler is not ignored")
            return
        }
        #expect(reason.contains("does not read the pooler"))
        #expect(!summary.tensors.contains { $0.role == .unknown })
    }

    @Test("the reasons for an architecture are told")
    func reasons() throws {
        let candidates = try Checkpoint.describe(path: "\(fixtures)/roberta").candidates
        #expect(candidates.first?.architecture == "roberta")
        #expect(candidates.first?.reasons.contains("+50 model_type is \"xlm-roberta\"") == true)
        #expect(candidates.dropFirst().allSatisfy { $0.score < 0 })
    }

    @Test(
        "a checkpoint's graph has an input of token types only where its family has them",
        arguments: [("bert", true), ("roberta", false)])
    func inputs(_ name: String, _ hasTypes: Bool) throws {
        let graph = try Checkpoint.load(path: "\(fixtures)/\(name)").graph
        #expect(graph.inputs.contains("token_type_ids") == hasTypes)
    }

    @Test(
        "a configuration that asks for something else is refused, naming key and what is known",
        arguments: [
            (
                ["hidden_act": "snake"], FileError.Kind.unsupported,
                "\"hidden_act\" is \"snake\"; known are \"gelu\""
            ),
            (
                ["position_embedding_type": "relative_key"], .unsupported,
                "\"position_embedding_type\" is \"relative_key\""
            ),
            (["is_decoder": "yes"], .corrupt, "\"is_decoder\""),
            (["hidden_size": "wide"], .corrupt, "\"hidden_size\" is \"wide\", expected a whole number"),
            (["hidden_size": "\u{1B}[2J"], .corrupt, "\"hidden_size\" is \"\\u{1b}[2J\""),
        ])
    func refusedOptions(_ change: [String: String], _ kind: FileError.Kind, _ message: String) throws {
        let scratch = Scratch()
        let folder = try scratch.copy("bert")
        try editConfig(folder, change.mapValues { $0 })
        let error = #expect(throws: FileError.self) { try Checkpoint.load(path: folder) }
        #expect(error?.kind == kind)
        #expect(error?.description.contains(message) == true, "\(String(describing: error))")
    }

    @Test(
        "dimensions that contradict the weights are refused, naming them",
        arguments: [
            (["hidden_size": 17], "head_size: \"hidden / heads\": 17 is not a multiple of 2"),
            (["hidden_size": 0], "\"hidden_size\" is 0, expected a whole number from 1"),
            (["num_hidden_layers": 1], "bert/encoder/layer.1/output/dense/kernel [24, 16] is in the checkpoint"),
            (
                ["num_hidden_layers": 3],
                "layer_2/up/weight: \"bert/encoder/layer.2/intermediate/dense/kernel\" [16, 24] is missing"
            ),
            (["num_hidden_layers": 1_000_000], "\"layers\" is 1000000, outside 0…4096"),
            (["vocab_size": 31], "bert/embeddings/word_embeddings/weight has shape [30, 16], expected [31, 16]"),
        ])
    func contradictions(_ change: [String: Int], _ message: String) throws {
        let scratch = Scratch()
        let folder = try scratch.copy("bert")
        try editConfig(folder, change.mapValues { $0 })
        let error = #expect(throws: FileError.self) { try Checkpoint.load(path: folder) }
        #expect(error?.problems.contains { $0.contains(message) } == true, "\(String(describing: error?.problems))")
        // Describing the same checkpoint still lists its tensors, and says why it would not load.
        let summary = try Checkpoint.describe(path: folder)
        #expect(summary.tensors.count == 39)
        #expect(summary.problems.contains { $0.contains(message) })
    }

    @Test("weights without a configuration are refused with what to do")
    func noConfig() throws {
        let scratch = Scratch()
        let folder = try scratch.copy("bert")
        try FileManager.default.removeItem(atPath: folder + "/config.json")
        let error = #expect(throws: FileError.self) { try Checkpoint.load(path: folder) }
        #expect(error?.kind == .unsupported)
        #expect(error?.remedy == "put the model's config.json beside the weights")
        #expect(try Checkpoint.describe(path: folder).tensors.count == 39)
    }

    @Test("a missing shard is named")
    func missingShard() throws {
        let scratch = Scratch()
        let folder = try scratch.copy("bert_sharded")
        try FileManager.default.removeItem(atPath: folder + "/tf_model-00002-of-00002.h5")
        let error = #expect(throws: FileError.self) { try Checkpoint.load(path: folder) }
        #expect(error?.kind == .inputOutput)
        #expect(error?.path.hasSuffix("tf_model-00002-of-00002.h5") == true)
    }

    @Test("a shard index may not lead out of its folder")
    func strayShard() throws {
        let scratch = Scratch()
        let folder = try scratch.copy("bert_sharded")
        let index = #"{"weight_map": {"a": "../bert/tf_model.h5"}}"#
        try index.write(toFile: folder + "/tf_model.h5.index.json", atomically: true, encoding: .utf8)
        let error = #expect(throws: FileError.self) { try Checkpoint.load(path: folder) }
        #expect(error?.kind == .corrupt)
    }

    @Test("copies of a shared variable that differ are refused, naming both")
    func differingCopies() throws {
        let scratch = Scratch()
        let folder = try scratch.copy("bert_mlm_old")
        let path = folder + "/tf_model.h5"
        let name = "/mlm___cls/tf_bert_for_masked_lm/bert/embeddings/word_embeddings/weight:0"
        let extent = try #require(try HDF5File.open(path: path).dataset(at: name).extents.first)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes[extent.lowerBound] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: FileError.self) { try Checkpoint.load(path: folder) }
        #expect(error?.kind == .corrupt)
        #expect(error?.problems.first?.contains(name) == true)
    }

    @Test("paths that lead nowhere and unknown architectures are refused")
    func usage() {
        let nowhere = #expect(throws: FileError.self) { try Checkpoint.load(path: "/no/such/folder") }
        #expect(nowhere?.kind == .inputOutput)
        let unknown = #expect(throws: FileError.self) {
            try Checkpoint.load(path: "\(fixtures)/bert", options: .init(architecture: "bort"))
        }
        #expect(unknown?.kind == .usage)
        #expect(unknown?.remedy.contains("bert") == true)
    }

    @Test("names of weights of all generations of writers become one")
    func commonNames() {
        func common(_ name: String) -> String { HuggingFaceTF.commonName(name.split(separator: "/")[...]) }
        #expect(common("bert/encoder/layer_._11/output/dense/kernel:0") == "bert/encoder/layer.11/output/dense/kernel")
        #expect(common("mlm___cls/predictions/bias:0") == "cls/predictions/bias")
        #expect(common("model/encoder/layers.0/fc1/bias:0") == "model/encoder/layers.0/fc1/bias")
    }
}
