import Checkpoints
import Foundation
import Inputs
import JSON
import ModelGraph
import NumPy
import Platform
import TestSupport
import Tensors
import Testing

/// One key of a configuration at a time changed to another legal value: `scripts/mutate-configurations` does the same
/// to whole folders of samples.
@Suite("Configurations with one key changed")
struct ConfigurationChangeTests {
    private static let inputNames: Set = [
        "input_ids", "attention_mask", "token_type_ids", "decoder_input_ids", "decoder_attention_mask", "pixel_values",
        "input_features",
    ]

    /// Keys that are used and whose change such short inputs cannot show, with the reason.
    private static let inert: [String: String] = [
        "max_position_embeddings": "a limit", "n_positions": "a limit", "max_source_positions": "a limit",
        "max_target_positions": "a limit", "model_type": "families with one meaning", "eos_token_id": "no text ends",
        "architectures": "classes with one meaning", "pad_token_id": "the inputs hold neither id", "id2label": "names",
        "relative_attention_max_distance": "beyond these inputs", "sliding_window": "no layer has one",
        "tie_word_embeddings": "both matrices are stored", "type_vocab_size": "read off the table",
        "max_window_layers": "layers beyond the last", "image_size": "as many patches",
        "original_max_position_embeddings": "beyond these inputs", "max_relative_positions": "beyond these inputs",
        "local_attention": "it is halved: the same window", "sliding_window_pattern": "the same layers in so few",
        "_sliding_window_pattern": "layer_types counts", "use_sliding_window": "no layer is windowed all the same",
        "transformers_version": "releases with one meaning",
    ]

    private func other(_ key: String, _ value: JSONValue) -> JSONValue? {
        let activations: Set = ["gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "silu", "quick_gelu", "swish"]
        switch value {
        case .bool(let flag): return .bool(!flag)
        case .integer(let number): return .integer(number + 1)
        case .number(let number): return number.isFinite ? .number(number * 1.5 + 0.125) : .number(1)
        case .string(let text) where activations.contains(text): return .string(text == "relu" ? "gelu" : "relu")
        case .string("absolute") where key == "position_embedding_type": return .string("relative_key")
        case .string(let text): return .string(text + "x")
        case .array(let values): return values.count > 1 ? .array(Array(values.dropLast())) : nil
        case .object(let members) where key == "rope_parameters": return otherBase(members)
        case .object(let members): return members.isEmpty ? nil : .object([:])
        case .null:
            return key == "rope_scaling" ? .object(["type": .string("linear"), "factor": .number(2)]) : nil
        }
    }

    /// Rotary parameters with other bases and shares: without any they are often the ones that are usual, and a base
    /// alone changes nothing where two columns turn.
    private func otherBase(_ members: [String: JSONValue]) -> JSONValue {
        var changed = members
        for (key, value) in members {
            switch (key, value) {
            case (_, .object(let inner)): changed[key] = otherBase(inner)
            case ("rope_theta", _): changed[key] = value.doubleValue.map { .number($0 * 10) }
            case ("partial_rotary_factor", _): changed[key] = value.doubleValue.map { .number($0 == 1 ? 0.5 : 1) }
            default: break
            }
        }
        return .object(changed)
    }

    @Test(
        "the outputs follow, the change is refused, or the key is one that is said to change nothing",
        arguments: [
            "bert_decoder", "bloom_postnorm", "clip_vision", "deberta_c2p_safetensors", "dinov2",
            "gemma3_bidirectional", "gpt_neox_safetensors", "llama_linear", "modernbert_mlm", "phi3_partial",
            "roberta_gamma_beta", "t5_safetensors", "vit_base",
        ])
    func changes(_ family: String) throws {
        let folder = Repository.fixture("families/\(family)")
        let arrays = try NumPyArchive(path: "\(folder)/reference.npz").tensors()
            .filter { Self.inputNames.contains($0.key) }
        let text = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/config.json"))
        let config = try Document.decode(JSONValue.self, from: Array(text)).objectValue ?? [:]
        let unchanged = try results(of: try Checkpoint.load(path: folder).fitted(to: arrays), for: arrays)
        var followed = 0
        try withTemporaryFolder { scratch in
            for (key, value) in config.sorted(by: { $0.key < $1.key }) {
                guard let changed = other(key, value) else { continue }
                let path = "\(scratch)/config.json"
                let document = JSONValue.object(config.merging([key: changed]) { $1 })
                try Data(try Document.encode(document)).write(to: URL(fileURLWithPath: path))
                let options = LoadingOptions(config: path)
                let found: [String: Tensor]
                do {
                    let model = try Checkpoint.load(path: folder, options: options)
                    found = try results(of: try model.fitted(to: arrays), for: arrays)
                } catch {
                    let kind = (error as? any KindedError)?.kind
                    #expect([.unsupported, .corrupt, .usage].contains(kind), "\(key): \(error)")
                    continue
                }
                let isSame = found.count == unchanged.count && found.allSatisfy { $1.hasSameBytes(as: unchanged[$0]) }
                if !isSame { followed += 1 }
                guard isSame, Self.inert[key] == nil else { continue }
                let ledger = try Checkpoint.describe(path: folder, options: options).configuration
                let fate = ledger?.entries.first { $0.key == key || $0.key.hasPrefix(key + ".") }?.fate
                var isHarmless = false
                if case .harmless = fate { isHarmless = true }
                #expect(isHarmless, "\(key) of \(family) changes nothing, and nothing says why")
            }
        }
        #expect(followed > 0)
    }
}

extension Tensor {
    fileprivate func hasSameBytes(as other: Tensor?) -> Bool {
        guard let other, other.shape == shape else { return false }
        return floats == other.floats
    }
}
