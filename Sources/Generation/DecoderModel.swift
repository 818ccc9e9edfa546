import ModelGraph
import Platform
import Runtime

/// A language model compiled for decoding token by token.
///
/// Keys and values of earlier tokens are kept, only new rows are computed: heads that borrow their map keep no key and
/// compute no query. Results are those of a run over the whole sequence.
package final class DecoderModel: Sendable {
    let compiled: CompiledModel
    let decoding: DecodingGraph

    /// Number of logits of a token.
    package var vocabulary: Int { decoding.width }
    /// Most tokens of a sequence, prompt included; `nil`: any number.
    package var maximumTokens: Int? { decoding.maximumRows }
    /// Name of the input that holds a prompt's tokens: `input_ids`, or `decoder_input_ids` of an encoder–decoder.
    package var tokenInput: String { decoding.input }
    /// Bytes that a session keeps for each token, over all layers.
    package let cacheBytesPerToken: Int
    /// The same for each row of what cross-attention looks at.
    package let cacheBytesPerMemoryRow: Int

    /// Compiles a model.
    ///
    /// - Parameter resources: Threads, kernels and cancellation.
    /// - Throws: `RuntimeError.notIncremental` for a model that is no causal language model.
    package init(
        _ model: Model, resources: ExecutionResources = ExecutionResources()
    ) throws(RuntimeError) {
        decoding = try DecodingGraph(model.graph)
        var model = model
        model.graph = decoding.graph
        compiled = try CompiledModel(
            model, options: .init(resources: resources, observation: Observation(values: [decoding.logits])))
        let empty = try Self.run(of: 0, compiled, decoding)
        cacheBytesPerToken = empty.cacheBytesPerRow(ofMemory: false)
        cacheBytesPerMemoryRow = empty.cacheBytesPerRow(ofMemory: true)
    }

    private init(_ other: DecoderModel, cancellation: Cancellation) {
        compiled = other.compiled.cancelled(by: cancellation)
        decoding = other.decoding
        cacheBytesPerToken = other.cacheBytesPerToken
        cacheBytesPerMemoryRow = other.cacheBytesPerMemoryRow
    }

    /// The same compiled model, whose runs end when `cancellation` is requested.
    package func cancelled(by cancellation: Cancellation) -> DecoderModel {
        DecoderModel(self, cancellation: cancellation)
    }

    /// Runs prompts of any lengths and keeps what their continuations need.
    ///
    /// - Parameter prompts: Of a decoder the ids of at least one token, none of them hidden; of an encoder–decoder the
    ///   encoder's inputs (hidden tokens allowed), and in `arrays[tokenInput]` the tokens to start from.
    package func session(_ prompts: [ModelInput]) throws(RuntimeError) -> DecodingSession {
        try DecodingSession(self, prompts)
    }

    /// A run of sequences that have no tokens yet.
    func run(of sequences: Int) throws(RuntimeError) -> ContinuedRun {
        try Self.run(of: sequences, compiled, decoding)
    }

    private static func run(
        of sequences: Int, _ compiled: CompiledModel, _ decoding: DecodingGraph
    ) throws(RuntimeError) -> ContinuedRun {
        guard let run = ContinuedRun(compiled, along: decoding.rows, sequences: sequences) else {
            throw .notIncremental("it reads no tokens")
        }
        return run
    }

    /// Tokens of a prompt.
    func tokens(of prompt: ModelInput) -> [Int32] {
        compiled.graph.inputLayouts[decoding.input] == nil ? prompt.ids : prompt.arrays[decoding.input]?.ids ?? []
    }

    /// Whether a prompt hides some of its tokens.
    func hides(_ prompt: ModelInput) -> Bool {
        let mask =
            compiled.graph.inputLayouts[decoding.input] == nil
            ? prompt.mask : prompt.arrays[decoding.input]?.mask ?? []
        return mask.contains(false)
    }

    /// One token as the input of a sequence.
    func sequence(of token: Int32) -> ModelInput {
        compiled.graph.inputLayouts[decoding.input] == nil
            ? ModelInput(ids: [token]) : ModelInput(arrays: [decoding.input: InputArray(ids: [token])])
    }
}
