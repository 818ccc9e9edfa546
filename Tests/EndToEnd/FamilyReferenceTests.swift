import Checkpoints
import Generation
import Inputs
import ModelGraph
import NumPy
import Outputs
import Runtime
import Tensors
import Testing
import TestSupport

/// One checkpoint of each family, written by the framework, with the framework's outputs.
private let folder = Repository.fixture("families")

private let otherDecoders = [
    "bloom_kerashub", "gemma2_kerashub", "gemma3_kerashub", "gpt2_kerashub", "gpt_neox_kerashub", "llama3_kerashub",
    "opt_kerashub", "phi3_kerashub", "qwen2_kerashub", "bert_decoder", "bloom_postnorm", "bloom_safetensors",
    "falcon_safetensors", "gemma_safetensors",
    "gpt_neox_safetensors", "phi3_safetensors", "qwen3_safetensors", "bart_safetensors", "granite", "llama_linear",
    "llama_yarn", "olmo2", "opt_safetensors", "phi3_partial", "smollm3", "t5_safetensors", "t5_v1_1_safetensors",
    "whisper_safetensors",
]
/// Models whose rotary angles depend on the length of a text.
private let changingDecoders = ["llama_dynamic", "phi3_longrope"]
let familyNames =
    [
        "albert_groups", "bart", "deberta_v2_conv", "deit", "gpt2", "gptj", "mistral", "mpnet", "opt_postnorm",
        "t5_v1_1", "vit_base", "whisper", "albert_kerashub", "bart_kerashub", "deberta_v3_kerashub", "t5_kerashub",
        "vit_kerashub", "whisper_kerashub", "albert_safetensors", "clip_text", "clip_vision", "deberta_c2p_safetensors",
        "deberta_conv_safetensors", "deit_safetensors", "dinov2", "dinov2_resized", "eurobert", "gemma3_bidirectional",
        "gte", "jina_v3", "modernbert_cls", "modernbert_mlm", "mpnet_safetensors", "nomic_bert", "roberta_gamma_beta",
        "siglip_text", "siglip_vision", "t5_encoder", "vit_safetensors", "electra_decoder", "bert_relative_key",
        "bert_masked_kerashub",
        "albert_masked_kerashub", "distil_bert_masked_kerashub",
    ] + otherDecoders + changingDecoders
private let decoders =
    [
        "gpt2", "gptj", "mistral", "opt_postnorm", "bart", "t5_v1_1", "whisper", "bart_kerashub", "t5_kerashub",
        "whisper_kerashub",
    ] + otherDecoders
private let inputNames: Set = [
    "input_ids", "attention_mask", "token_type_ids", "decoder_input_ids", "decoder_attention_mask", "pixel_values",
    "input_features",
]
private let tolerance: Float = 1e-4

@Suite("Checkpoints of every family against the framework's own outputs")
struct FamilyReferenceTests {
    private func read(_ name: String) throws -> (model: Model, arrays: [String: Tensor]) {
        (
            try Checkpoint.load(path: "\(folder)/\(name)"),
            try NumPyArchive(path: "\(folder)/\(name)/reference.npz").tensors()
        )
    }

    private func inputs(_ arrays: [String: Tensor]) -> [String: Tensor] {
        arrays.filter { inputNames.contains($0.key) }
    }

    @Test("hidden states, maps and logits of each family are the framework's", arguments: familyNames)
    func outputs(_ name: String) throws {
        let (stored, arrays) = try read(name)
        let model = try stored.fitted(to: inputs(arrays))
        let sequences = try GraphArrays.sequences(from: inputs(arrays), for: model.graph)
        let outputs = try PaddedOutputs(of: model, for: sequences, selecting: .all, resources: .init(threads: 2))
        let ours = Dictionary(uniqueKeysWithValues: outputs.arrays.map { ($0.name, $0.tensor) })
        for (output, expected) in arrays where !inputNames.contains(output) {
            let given = try #require(ours[output], "\(name) lacks \(output)")
            #expect(given.shape == expected.shape)
            let isVisible = visibility(output, expected.shape, arrays)
            let difference = zip(given.floats, expected.floats).enumerated().reduce(Float(0)) {
                isVisible($1.offset) ? max($0, abs($1.element.0 - $1.element.1)) : $0
            }
            #expect(difference < tolerance, "\(output) of \(name)")
        }
    }

    /// Whether an element's own position is visible: hidden positions mean nothing.
    private func visibility(_ output: String, _ shape: Shape, _ arrays: [String: Tensor]) -> (Int) -> Bool {
        // [batch, heads, queries, keys], [layers, batch, tokens, width], [batch, tokens, width], or a row a sequence.
        let extents = shape.extents
        let batchAxis = output.contains("hidden_states") && extents.count == 4 ? 1 : 0
        let rowAxis = output.contains("attentions") ? 2 : batchAxis + 1
        var masks = ["attention_mask"]
        if arrays["decoder_input_ids"] != nil, !output.hasPrefix("encoder_"), !output.hasPrefix("output.encoder_") {
            // Keras counts the maps of both stacks through: their rows tell which one it is.
            masks = output.hasPrefix("attentions") ? masks + ["decoder_attention_mask"] : ["decoder_attention_mask"]
        }
        guard extents.count > rowAxis + 1 || output == "logits",
            let mask = masks.compactMap({ arrays[$0] }).first(where: { $0.shape[1] == extents[rowAxis] })?.floats
        else { return { _ in true } }
        let tokens = extents[rowAxis]
        func step(_ axis: Int) -> Int { extents[(axis + 1)...].reduce(1, *) }
        return { index in
            let row = index / step(rowAxis) % extents[rowAxis], sequence = index / step(batchAxis) % extents[batchAxis]
            return mask[sequence * tokens + row] != 0
        }
    }

    @Test("decoding token by token gives the logits of whole runs in each family that writes", arguments: decoders)
    func decoding(_ name: String) throws {
        let (model, arrays) = try read(name)
        let decoder = try DecoderModel(model, resources: .init(threads: 2))
        let given = inputs(arrays).filter {
            !["attention_mask", "decoder_attention_mask", "token_type_ids"].contains($0.key)
        }
        let whole = try GraphArrays.sequences(from: given, for: model.graph)
        func tokens(_ sequence: ModelInput) -> [Int32] {
            decoder.tokenInput == "input_ids" ? sequence.ids : sequence.arrays[decoder.tokenInput]?.ids ?? []
        }
        func cut(_ sequence: ModelInput, _ count: Int) -> ModelInput {
            var result = sequence
            let kept = Array(tokens(sequence).prefix(count))
            if decoder.tokenInput == "input_ids" {
                result.ids = kept
            } else {
                result.arrays[decoder.tokenInput] = InputArray(ids: kept)
            }
            return result
        }
        let outputs = try PaddedOutputs(of: model, for: whole, selecting: .logits)
        let logits = try #require(outputs.arrays.first { $0.name == "logits" }?.tensor)
        let length = logits.shape[1], width = logits.shape[2], all = logits.floats
        // Prompts of different lengths, so that each sequence has rows of its own.
        let session = try decoder.session(whole.enumerated().map { cut($1, 1 + $0) })
        while let longest = session.lengths.max(), longest < length {
            for index in whole.indices {
                let start = (index * length + session.lengths[index] - 1) * width
                let difference = zip(session.logits(of: index), all[start..<start + width]).reduce(Float(0)) {
                    max($0, abs($1.0 - $1.1))
                }
                #expect(difference < tolerance, "\(name), sequence \(index), \(session.lengths[index]) tokens")
            }
            try session.step(whole.enumerated().map { tokens($1)[session.lengths[$0]] })
        }
    }

    @Test("models whose angles depend on the length are run anew for every token", arguments: changingDecoders)
    func changing(_ name: String) throws {
        let (model, _) = try read(name)
        #expect(throws: RuntimeError.self) { try DecoderModel(model, resources: .init(threads: 1)) }
    }

    @Test("a text's own length counts for its angles, not that of its batch mates", arguments: changingDecoders)
    func alone(_ name: String) throws {
        let (model, _) = try read(name)
        let texts = [18, 5, 30].map { length in ModelInput(ids: (0..<Int32(length)).map { 3 + $0 * 7 % 50 }) }
        func logits(_ texts: [ModelInput]) throws -> Tensor {
            let outputs = try PaddedOutputs(of: model, for: texts, selecting: .logits)
            return try #require(outputs.arrays.first { $0.name == "logits" }?.tensor)
        }
        let together = try logits(texts), width = together.shape[2], rows = together.shape[1]
        for (index, text) in texts.enumerated() {
            let own = try logits([text]).floats
            let start = index * rows * width
            #expect(Array(together.floats[start..<start + text.ids.count * width]) == own, "\(text.ids.count) tokens")
        }
    }
}
