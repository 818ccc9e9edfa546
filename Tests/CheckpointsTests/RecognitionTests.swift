import Checkpoints
import Foundation
import Tensors
import Testing

/// A checkpoint below `fixtures/`, and what it is.
private struct Sample: CustomTestStringConvertible, Sendable {
    let path: String
    let dialect: String
    let architecture: String

    var testDescription: String { path }

    init(_ path: String, _ dialect: String, _ architecture: String) {
        self.path = path
        self.dialect = dialect
        self.architecture = architecture
    }

    var location: String {
        URL(fileURLWithPath: fixtures).deletingLastPathComponent().appendingPathComponent(path).path
    }
}

/// `scripts/check-recognition` does the same with samples of every release and layout.
@Suite("Every checkpoint is recognised by its contents")
struct RecognitionTests {
    private static let samples = [
        Sample("encoder", "hf-tf", "bert"), Sample("gpt", "hf-tf", "gpt2"), Sample("t5", "hf-tf", "t5"),
        Sample("checkpoints/bert", "hf-tf", "bert"), Sample("checkpoints/bert_f16", "hf-tf", "bert"),
        Sample("checkpoints/bert_mlm_old", "hf-tf", "bert"), Sample("checkpoints/bert_sharded", "hf-tf", "bert"),
        Sample("checkpoints/distilbert_split", "hf-tf", "distilbert"),
        Sample("checkpoints/electra", "hf-tf", "electra"), Sample("checkpoints/roberta", "hf-tf", "roberta"),
        Sample("checkpoints/bert_kerashub", "kerashub", "bert"),
        Sample("checkpoints/bert_kerashub_task", "kerashub", "bert"),
        Sample("checkpoints/bert_safetensors", "safetensors", "bert"),
        Sample("checkpoints/bert_safetensors_sharded", "safetensors", "bert"),
        Sample("families/albert_groups", "hf-tf", "albert"), Sample("families/bart", "hf-tf", "bart"),
        Sample("families/deberta_v2_conv", "hf-tf", "deberta"), Sample("families/deit", "hf-tf", "deit"),
        Sample("families/gpt2", "hf-tf", "gpt2"), Sample("families/gptj", "hf-tf", "gptj"),
        Sample("families/mistral", "hf-tf", "llama"), Sample("families/mpnet", "hf-tf", "mpnet"),
        Sample("families/opt_postnorm", "hf-tf", "opt"), Sample("families/t5_v1_1", "hf-tf", "t5"),
        Sample("families/vit_base", "hf-tf", "vit"), Sample("families/whisper", "hf-tf", "whisper"),
        Sample("families/albert_kerashub", "kerashub", "albert"),
        Sample("families/bart_kerashub", "kerashub", "bart"),
        Sample("families/deberta_v3_kerashub", "kerashub", "deberta"),
        Sample("families/t5_kerashub", "kerashub", "t5"), Sample("families/vit_kerashub", "kerashub", "vit"),
        Sample("families/whisper_kerashub", "kerashub", "whisper"),
        Sample("families/bloom_kerashub", "kerashub", "bloom"), Sample("families/gpt2_kerashub", "kerashub", "gpt2"),
        Sample("families/gpt_neox_kerashub", "kerashub", "gpt_neox"),
        Sample("families/llama3_kerashub", "kerashub", "llama"), Sample("families/opt_kerashub", "kerashub", "opt"),
        Sample("families/phi3_kerashub", "kerashub", "phi3"), Sample("families/qwen2_kerashub", "kerashub", "llama"),
        Sample("families/bloom_safetensors", "safetensors", "bloom"),
        Sample("families/falcon_safetensors", "safetensors", "falcon"),
        Sample("families/gemma_safetensors", "safetensors", "gemma"),
        Sample("families/gpt_neox_safetensors", "safetensors", "gpt_neox"),
        Sample("families/phi3_safetensors", "safetensors", "phi3"),
        Sample("families/qwen3_safetensors", "safetensors", "llama"),
        Sample("vit/model.keras", "keras3", "keras-functional"),
        Sample("keras/keras2_nested/model.h5", "keras2", "keras-functional"),
        Sample("keras/keras2_text_classifier/model.h5", "keras2", "keras-functional"),
        Sample("keras/keras3_gqa/model.keras", "keras3", "keras-functional"),
        Sample("keras/keras3_int4_tied/model.keras", "keras3", "keras-functional"),
        Sample("keras/keras3_int8_tied_bf16/model.keras", "keras3", "keras-functional"),
        Sample("keras/keras3_keras_example/model.keras", "keras3", "keras-functional"),
        Sample("keras/keras3_sharded", "keras3", "keras-functional"),
    ]

    @Test(
        "a checkpoint is recognised as what it is, far ahead of the next, and every tensor has its use",
        arguments: samples)
    private func recognised(_ sample: Sample) throws {
        let summary = try Checkpoint.describe(path: sample.location)
        #expect(summary.problems == [])
        #expect(summary.dialect == sample.dialect)
        #expect(summary.architecture == sample.architecture)
        #expect(!summary.dialectReasons.isEmpty)
        #expect(summary.dialects.dropFirst().allSatisfy { $0.score < 50 })
        #expect(summary.tensors.allSatisfy { $0.role != .unknown })
        if let best = summary.candidates.first {
            #expect(best.architecture == sample.architecture)
            #expect(summary.candidates.dropFirst().allSatisfy { $0.score < best.score - 40 }, "another family is near")
        }
    }

    @Test("a checkpoint's parameters are its file's numbers, bit for bit", arguments: samples)
    private func bitForBit(_ sample: Sample) throws {
        let model = try Checkpoint.load(path: sample.location)
        var compared = 0
        for entry in try Checkpoint.describe(path: sample.location).tensors {
            // Several parameters are parts of one tensor; quantised weights are computed from several tensors.
            guard case .parameter(let paths) = entry.role, paths.count == 1, let given = model.tensors[paths[0]],
                given.dtype == entry.dtype, given.shape.count == entry.shape.count
            else { continue }
            let stored = try entry.read()
            #expect(given.bytes == stored.bytes || given.bytes == stored.transposedBytes, "\(entry.name)")
            compared += 1
        }
        #expect(compared > 10)
    }
}

extension Tensor {
    fileprivate var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    /// A matrix column by column.
    fileprivate var transposedBytes: [UInt8]? {
        guard shape.rank == 2 else { return nil }
        let columns = shape[1], size = dtype.byteCount, elements = bytes
        return (0..<columns).flatMap { column in
            stride(from: column * size, to: elements.count, by: columns * size).flatMap { elements[$0..<$0 + size] }
        }
    }
}
