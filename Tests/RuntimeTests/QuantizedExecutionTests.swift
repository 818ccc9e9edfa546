import ModelGraph
import Runtime
import Tensors
import TestSupport
import Testing

private let precisions = [
    Precision(.int8), Precision(.int8, isSmoothed: true), Precision(.int8Weights), Precision(.int8Weights, group: 32),
    Precision(.int4Weights, group: 32), Precision(.int4Weights, group: 64), Precision(.bfloat16),
]

@Suite("Execution of matrices in fewer bits")
struct QuantizedExecutionTests {
    private static let sequences = randomSequences([3, 130, 7, 64, 1, 33, 12, 90], masked: true, seed: 5)
    private static let outputs = ["last_hidden_state", "pooler_output", "mean", "logits"]

    /// Heads of 16, and of 12, which are padded; computed, borrowed, blended and dropped ones.
    private static func model(heads: Int) throws -> Model {
        let first = HeadID(node: attentionName(0), head: 1)
        let sources: [HeadSource] = [
            .reused(first), .computed,
            .borrowed([MapTerm(map: .pattern(.mean)), MapTerm(weight: 0.5, map: .head(first))]),
            .dropped,
        ]
        return try Model.random(
            EncoderShape(
                hidden: 48, heads: heads, feedForward: 96,
                layers: [
                    Array(repeating: .computed, count: heads), Array(sources.prefix(heads)),
                    Array(repeating: .computed, count: heads),
                ]), seed: 3)
    }

    private static func values(
        _ model: Model, _ output: String, threads: Int = 1, kernels: KernelSet = .best, groupTokens: Int = 512,
        _ sequences: [ModelInput] = sequences
    ) throws -> [Float] {
        let compiled = try CompiledModel(
            model, options: .init(resources: .init(threads: threads, kernels: kernels), groupTokens: groupTokens))
        let value = try #require(model.graph.value(ofOutput: output))
        return try compiled.vectors(of: value, for: sequences).floats
    }

    @Test(
        "models of 8-bit and 16-bit products stay near their source",
        arguments: precisions.filter { [.int8, .bfloat16].contains($0.kind) }, [3, 4])
    func error(_ precision: Precision, _ heads: Int) throws {
        let model = try Self.model(heads: heads)
        let rounded = try model.rounded(to: precision)
        for output in Self.outputs {
            let wanted = try Self.values(model, output), found = try Self.values(rounded, output)
            let size = wanted.reduce(0) { $0 + $1 * $1 }
            let error = zip(wanted, found).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
            #expect(error.squareRoot() < 0.08 * size.squareRoot(), "\(output)")
            #expect(found != wanted, "\(output): nothing was rounded")
        }
    }

    @Test(
        "weights alone in fewer bits compute what the float32 weights do that they stand for, to the bit",
        arguments: precisions.filter { ![.int8, .bfloat16].contains($0.kind) })
    func weightsAlone(_ precision: Precision) throws {
        // Heads of 16: the scale of their scores is a power of two.
        let rounded = try Self.model(heads: 3).rounded(to: precision)
        let restored = try rounded.restored()
        for output in Self.outputs {
            #expect(try Self.values(rounded, output) == Self.values(restored, output), "\(output)")
        }
    }

    @Test("kernel sets, threads, group sizes and batch mates change no bit", arguments: precisions, [3, 4])
    func bits(_ precision: Precision, _ heads: Int) throws {
        let model = try Self.model(heads: heads).rounded(to: precision)
        for output in ["last_hidden_state", "mean"] {
            let all = try Self.values(model, output)
            let isFinite = all.allSatisfy { $0.isFinite }
            #expect(isFinite)
            for (threads, groupTokens) in [(2, 40), (3, 512), (5, 1)] {
                #expect(try Self.values(model, output, threads: threads, groupTokens: groupTokens) == all)
            }
            for set in KernelSet.available {
                #expect(try Self.values(model, output, kernels: set) == all, "\(set)")
            }
            var alone: [Float] = []
            for sequence in Self.sequences { alone += try Self.values(model, output, threads: 2, [sequence]) }
            #expect(alone == all, "\(output)")
        }
    }
}
